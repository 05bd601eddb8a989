"""What is said of one who is there."""

from datetime import UTC, datetime

from realtime.roster import Present


def test_pages_know_users_by_their_own_streams():
    since = datetime(2026, 1, 2, tzinfo=UTC)
    assert Present("7", {"a": 1}, since).as_member() == {
        "user": "user.7",
        "meta": {"a": 1},
        "since": 1_767_312_000_000,
    }

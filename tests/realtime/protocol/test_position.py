import pytest

from realtime.protocol.position import NOWHERE, Position, parse_position


@pytest.mark.parametrize("offset", [0, 7, 2**63 - 1])
def test_what_a_client_sends(offset):
    assert parse_position({"epoch": "e", "offset": offset, "more": 1}) == Position("e", offset)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        {},
        {"epoch": "e"},
        {"offset": 1},
        {"epoch": 1, "offset": 1},
        {"epoch": "e", "offset": "1"},
        {"epoch": "e", "offset": 1.0},
        {"epoch": "e", "offset": True},
        {"epoch": "e", "offset": -1},
        {"epoch": "e", "offset": 2**63},
        {"epoch": "e" * 65, "offset": 1},
    ],
)
def test_what_is_no_position(value):
    assert parse_position(value) is None


def test_where_nothing_is_kept_there_is_one_position():
    assert NOWHERE == ("-", 0)

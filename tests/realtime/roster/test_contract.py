"""One suite for every backend of presence; what it promises stands in roster/base.py."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from realtime.roster.base import ONLINE, Holder, Leave, Member
from realtime.roster.database import DatabasePresence
from tests.realtime.roster.contract import (
    GRACE,
    LEASE,
    Process,
    announced,
    sockets,
    swept,
    texts,
    users,
)


def test_a_user_with_a_socket_is_there(backend, process):
    process.join("s", "alice")
    assert users(backend) == ["alice"]
    assert sockets(backend, "alice") == ["s"]
    assert sockets(backend, "bob") == []
    assert backend.attending(ONLINE, ["alice", "bob"]) == {"alice"}
    assert swept(backend) == ["+ alice"]
    assert swept(backend) == []


def test_a_user_leaves_when_the_grace_is_over_and_not_before(backend, process, pass_time):
    process.join("s", "alice")
    swept(backend)
    process.leave("s")
    pass_time(GRACE - 1)
    assert swept(backend) == []
    assert users(backend) == ["alice"]
    assert sockets(backend, "alice") == []
    pass_time(2)
    assert swept(backend) == ["- alice"]
    assert users(backend) == []
    assert swept(backend) == []


def test_a_page_that_comes_back_within_the_grace_was_never_gone(backend, process, other, pass_time):
    process.join("s", "alice", ONLINE, "room.7")
    swept(backend)
    (before,) = backend.present(["room.7"])["room.7"]
    process.leave("s", ONLINE, "room.7")
    pass_time(GRACE - 1)
    other.join("t", "alice", ONLINE, "room.7")
    pass_time(2)
    assert swept(backend) == []
    (after,) = backend.present(["room.7"])["room.7"]
    assert after.sockets == ("t",)
    assert before.user == after.user


def test_two_tabs_are_one_user_with_two_sockets(backend, process, other, pass_time):
    process.join("s", "alice", ONLINE, "room.7", since=1)
    other.join("t", "alice", ONLINE, "room.7", since=2)
    assert sorted(swept(backend)) == sorted(["+ alice", "first room.7", "+room.7 alice"])
    (present,) = backend.present(["room.7"])["room.7"]
    assert present.sockets == ("s", "t")
    assert sockets(backend, "alice") == ["s", "t"]
    process.leave("s", ONLINE, "room.7")
    pass_time(GRACE + 1)
    assert swept(backend) == []
    assert sockets(backend, "alice") == ["t"]
    other.leave("t", ONLINE, "room.7")
    pass_time(GRACE + 1)
    assert sorted(swept(backend)) == sorted(["- alice", "-room.7 alice", "last room.7"])


def test_one_that_was_asked_to_stop_leaves_immediately(backend, process):
    process.join("s", "alice", ONLINE, "room.7")
    swept(backend)
    process.leave("s", "room.7", grace=0.0)
    assert swept(backend) == ["-room.7 alice", "last room.7"]
    assert users(backend) == ["alice"]


def test_stopping_in_one_tab_does_not_end_the_grace_of_another(backend, process, pass_time):
    process.join("s", "alice", "room.7")
    process.join("t", "alice", "room.7")
    swept(backend)
    process.leave("s", "room.7")
    process.leave("t", "room.7", grace=0.0)
    assert swept(backend) == []
    pass_time(GRACE + 1)
    assert swept(backend) == ["-room.7 alice", "last room.7"]


def test_the_first_and_the_last_in_a_stream(backend, process, pass_time):
    process.join("s", "alice", "room.7")
    assert swept(backend) == ["first room.7", "+room.7 alice"]
    process.join("t", "bob", "room.7")
    assert swept(backend) == ["+room.7 bob"]
    process.leave("s", "room.7", grace=0.0)
    assert swept(backend) == ["-room.7 alice"]
    process.leave("t", "room.7", grace=0.0)
    assert swept(backend) == ["-room.7 bob", "last room.7"]
    process.join("t", "bob", "room.7")
    assert swept(backend) == ["first room.7", "+room.7 bob"]


def test_one_who_comes_and_goes_between_two_sweeps_is_announced_as_both(backend, process):
    process.join("s", "alice", "room.7")
    process.leave("s", "room.7", grace=0.0)
    found = swept(backend) + swept(backend)
    assert found == ["first room.7", "+room.7 alice", "-room.7 alice", "last room.7"]


def test_a_process_that_is_killed_is_swept_by_another(backend, process, other, pass_time):
    process.join("s", "alice", ONLINE, "room.7")
    other.join("t", "bob")
    swept(backend)
    pass_time(LEASE - 1)
    other.write()
    assert swept(backend) == []
    pass_time(2)
    assert swept(backend) == []
    assert sockets(backend, "alice") == []
    assert sorted(users(backend)) == ["alice", "bob"]
    pass_time(GRACE + 1)
    other.write()
    assert sorted(swept(backend)) == sorted(["- alice", "-room.7 alice", "last room.7"])
    assert users(backend) == ["bob"]


def test_who_was_on_dead_processes_is_not_there_though_nobody_sweeps(backend, process, pass_time):
    process.join("s", "alice", ONLINE, "room.7")
    swept(backend)
    pass_time(LEASE + 1)
    assert sockets(backend, "alice") == []
    pass_time(GRACE)
    assert users(backend) == users(backend, "room.7") == []
    assert backend.attending(ONLINE, ["alice"]) == set()


def test_a_process_that_was_stopped_writes_nothing_until_it_writes_all(backend, process, pass_time):
    process.join("s", "alice")
    swept(backend)
    pass_time(LEASE + 1)
    swept(backend)
    assert process.join("t", "bob") is False
    assert process.write() is False
    assert users(backend) == ["alice"]
    process.write_again()
    assert process.write() is True
    pass_time(GRACE + 1)
    assert swept(backend) == ["+ bob"]
    assert sockets(backend, "alice") == ["s"]


def test_a_write_may_be_repeated(backend, process, pass_time):
    member = Member("s", "room.7", "alice", 1)
    for _ in range(2):
        process.write([member])
    assert swept(backend) == ["first room.7", "+room.7 alice"]
    for _ in range(2):
        process.write(leaves=[Leave(member, 0.0)])
    assert swept(backend) == ["-room.7 alice", "last room.7"]
    process.write(leaves=[Leave(member, 0.0)])
    assert swept(backend) == []


def test_a_socket_that_leaves_and_joins_in_one_write_is_there(backend, process):
    member = Member("s", "room.7", "alice", 1)
    process.write([member])
    swept(backend)
    process.write([member], [Leave(member, 0.0)])
    assert swept(backend) == []
    assert users(backend, "room.7") == ["alice"]


def test_what_a_process_writes_again_takes_the_place_of_what_was_there(backend, process, pass_time):
    process.join("s", "alice")
    process.join("t", "bob")
    swept(backend)
    backend.replace("p", LEASE, [Member("t", ONLINE, "bob", 1000)], GRACE)
    pass_time(GRACE + 1)
    assert swept(backend) == ["- alice"]
    assert users(backend) == ["bob"]


def test_more_than_a_batch(backend, process):
    joins = [Member(f"s{n}", stream, f"u{n}", n) for n in range(600) for stream in (ONLINE, "r.1")]
    process.write(joins)
    backend.sweep(GRACE, False)
    found = announced(backend)
    assert len(found) == 601
    assert found.count("first r.1") == 1
    assert len(users(backend)) == len(users(backend, "r.1")) == 600
    process.write(leaves=[Leave(member, 0.0) for member in joins])
    backend.sweep(GRACE, False)
    found = announced(backend)
    assert len(found) == 601
    assert found.count("last r.1") == 1
    assert users(backend) == []


def test_who_is_present_is_sorted_and_says_since_when(backend, process, pass_time):
    process.join("s", "bob", "room.7")
    pass_time(1)
    process.join("t", "alice", "room.7")
    found = backend.present(["room.7", "room.8"])
    assert [one.user for one in found["room.7"]] == ["bob", "alice"]
    assert found["room.8"] == []
    since = found["room.7"][1].since
    assert since.tzinfo == UTC
    assert abs((datetime.now(UTC) - since).total_seconds()) < 5


def test_since_is_right_without_time_zones_in_the_project(backend, process, settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "America/Chicago"
    process.join("s", "alice", "room.7")
    backend.sweep(GRACE, False)
    found = []
    (notice,) = backend.pending()
    backend.deliver(notice, lambda notice: found.extend(notice.join))
    since = backend.present(["room.7"])["room.7"][0].since
    assert abs((datetime.now(UTC) - since).total_seconds()) < 5
    assert [one["since"] for one in found] == [round(since.timestamp() * 1000)]


def test_any_key_of_a_user(backend, process):
    keys = ["7", "a/b:c d", "ü|{}", "x" * 300]
    for number, user in enumerate(keys):
        process.join(f"s{number}", user, ONLINE, "room.7")
    assert sorted(users(backend)) == sorted(users(backend, "room.7")) == sorted(keys)
    assert len(swept(backend)) == 9
    assert backend.attending("room.7", keys) == set(keys)


def test_what_is_known_about_a_user(backend, process):
    process.join("s", "alice", "room.7")
    assert backend.update("room.7", "alice", {"early": 1}) is None
    swept(backend)
    notice = backend.update("room.7", "alice", {"typing": True})
    assert backend.present(["room.7"])["room.7"][0].meta == {"typing": True}
    entries = []
    assert backend.deliver(notice, lambda notice: entries.extend(notice.update))
    (entry,) = entries
    assert (entry["user"], entry["meta"]) == ("alice", {"typing": True})
    assert backend.update("room.7", "alice", {"typing": True}) is None
    assert backend.update("room.7", "bob", {}) is None
    assert backend.update("room.8", "alice", {}) is None
    assert announced(backend) == []


def test_the_list_has_those_who_left_until_a_notice_says_so(backend, process, pass_time):
    """Who comes back before that makes no notice, so nobody may have taken them from the list."""

    def listed():
        return [one.user for one in backend.listed(["room.7", "room.8"])["room.7"]]

    process.join("s", "alice", "room.7")
    process.join("t", "bob", "room.7")
    assert listed() == ["alice", "bob"]
    swept(backend)
    process.leave("s", "room.7")
    process.leave("t", "room.7")
    pass_time(GRACE + 1)
    assert users(backend, "room.7") == []
    assert listed() == ["alice", "bob"]
    process.join("u", "alice", "room.7")
    assert swept(backend) == ["-room.7 bob"]
    assert listed() == users(backend, "room.7") == ["alice"]
    assert backend.listed(["room.7"])["room.7"][0].as_member()["user"] == "user.alice"


def test_a_user_joins_with_the_meta_of_the_first_member(backend, process, other, pass_time):
    def join(process, socket, name):
        return process.write([Member(socket, "room.7", "alice", 1000, f'{{"name": "{name}"}}')])

    def meta():
        return [one.meta for one in backend.present(["room.7"])["room.7"]]

    join(process, "1", "Alice")
    join(other, "2", "Al")
    assert meta() == [{"name": "Alice"}]
    backend.sweep(GRACE, True)
    [notice] = backend.pending()
    joined = []
    assert backend.deliver(notice, lambda notice: joined.extend(notice.join))
    assert [one["meta"] for one in joined] == [{"name": "Alice"}]
    assert backend.update("room.7", "alice", {"name": "Alice"}) is None
    for process_of, socket in ((process, "1"), (other, "2")):
        process_of.write(leaves=[Leave(Member(socket, "room.7", "alice", 1000), GRACE)])
    join(other, "3", "Ally")
    assert meta() == [{"name": "Alice"}]
    other.write(leaves=[Leave(Member("3", "room.7", "alice", 1000), 0.0)])
    pass_time(GRACE + 1)
    assert swept(backend) == ["-room.7 alice", "last room.7"]
    join(process, "4", "Ally")
    assert meta() == [{"name": "Ally"}]


def test_meta_goes_with_the_user_and_stays_for_the_grace(backend, process, pass_time):
    process.join("s", "alice", "room.7")
    swept(backend)
    announced_id = backend.update("room.7", "alice", {"a": 1})
    assert announced_id
    process.leave("s", "room.7")
    process.join("t", "alice", "room.7")
    assert backend.present(["room.7"])["room.7"][0].meta == {"a": 1}
    process.leave("t", "room.7", grace=0.0)
    swept(backend)
    process.join("t", "alice", "room.7")
    assert backend.present(["room.7"])["room.7"][0].meta == {}


def test_without_a_wish_for_them_users_are_not_announced(backend, process):
    process.join("s", "alice", ONLINE, "room.7")
    backend.sweep(GRACE, False)
    assert announced(backend) == ["first room.7", "+room.7 alice"]


def test_a_sweep_says_when_somebody_may_have_left(backend, process, pass_time):
    process.join("s", "alice")
    swept(backend)
    assert backend.sweep(GRACE, True) == (False, None)
    process.leave("s")
    found = backend.sweep(GRACE, True)
    assert not found.has_notices
    assert GRACE - 2 < found.next_due < GRACE + 1
    pass_time(GRACE + 1)
    assert backend.sweep(GRACE, True).has_notices


def test_a_notice_stays_if_announcing_it_fails(backend, process):
    process.join("s", "alice", "room.7")
    backend.sweep(GRACE, True)
    (notice,) = backend.pending()

    def fail(notice):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        backend.deliver(notice, fail)
    assert announced(backend) == ["first room.7", "+room.7 alice"]
    assert backend.deliver(notice, fail) is False


def test_notices_of_a_stream_are_delivered_in_their_order(backend, process):
    process.join("s", "alice", "room.7", "room.8")
    backend.sweep(GRACE, True)
    process.leave("s", "room.7", grace=0.0)
    backend.sweep(GRACE, True)
    assert len(backend.pending()) == 2
    found = announced(backend)
    assert [one for one in found if "room.7" in one] == [
        "first room.7",
        "+room.7 alice",
        "-room.7 alice",
        "last room.7",
    ]


def test_a_notice_is_delivered_to_one_of_those_who_want_it(backend, process):
    if isinstance(backend, DatabasePresence) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    process.join("s", "alice", "room.7")
    backend.sweep(GRACE, True)
    (notice,) = backend.pending()
    inside, free, found = threading.Event(), threading.Event(), []

    def announce(notice):
        inside.set()
        free.wait(5)
        found.append(notice.id)

    slow = threading.Thread(target=_deliver, args=(backend, notice, announce))
    slow.start()
    assert inside.wait(5)
    assert backend.deliver(notice, announce) is False
    process.leave("s", "room.7", grace=0.0)
    backend.sweep(GRACE, True)
    later = [one for one in backend.pending() if one != notice]
    assert not any(backend.deliver(one, announce) for one in later)
    free.set()
    slow.join()
    assert found == [notice]


def _deliver(backend, notice, announce):
    backend.deliver(notice, announce)
    connection.close()


def test_a_lock_has_one_holder(backend, process):
    process.join("s", "alice")
    process.join("t", "bob")
    alices, bob = Holder(None, "s"), Holder("bob")
    assert backend.lock("ticket.7", alices)
    assert backend.lock("ticket.7", alices)
    assert not backend.lock("ticket.7", bob)
    assert backend.holders(["ticket.7", "ticket.8"]) == {"ticket.7": Holder("alice", "s")}
    assert not backend.unlock("ticket.7", bob)
    assert backend.unlock("ticket.7", alices)
    assert not backend.unlock("ticket.7", alices)
    assert backend.lock("ticket.7", bob)
    assert backend.holders(["ticket.7"]) == {"ticket.7": Holder("bob")}


def test_a_sockets_lock_ends_with_it_immediately(backend, process):
    process.join("s", "alice")
    backend.lock("ticket.7", Holder(None, "s"))
    process.leave("s")
    assert backend.holders(["ticket.7"]) == {}
    assert backend.lock("ticket.7", Holder("bob"))


def test_a_users_lock_is_held_through_the_grace(backend, process, pass_time):
    process.join("s", "alice")
    swept(backend)
    backend.lock("ticket.7", Holder("alice"))
    process.leave("s")
    pass_time(GRACE - 1)
    swept(backend)
    assert not backend.lock("ticket.7", Holder("bob"))
    pass_time(2)
    swept(backend)
    assert backend.lock("ticket.7", Holder("bob"))


@pytest.mark.parametrize("holder", [Holder(None, "s"), Holder("alice")])
def test_a_lock_of_one_who_was_killed_ends_with_the_lease(backend, process, pass_time, holder):
    process.join("s", "alice")
    swept(backend)
    backend.lock("ticket.7", holder)
    pass_time(LEASE - 1)
    assert not backend.lock("ticket.7", Holder("bob"))
    pass_time(GRACE + 2)
    assert backend.lock("ticket.7", Holder("bob"))


def test_one_who_never_comes_holds_a_lock_for_a_while(backend, pass_time):
    assert backend.lock("ticket.7", Holder(None, "never"))
    assert not backend.lock("ticket.7", Holder("bob"))
    pass_time(16)
    assert backend.holders(["ticket.7"]) == {}
    backend.sweep(GRACE, True)
    assert backend.lock("ticket.7", Holder("bob"))


def test_a_lock_that_has_run_out_is_taken_again_like_a_free_one(backend, pass_time):
    assert backend.lock("ticket.7", Holder("alice"))
    pass_time(16)
    assert backend.lock("ticket.7", Holder("alice"))
    assert backend.holders(["ticket.7"]) == {"ticket.7": Holder("alice")}
    assert not backend.lock("ticket.7", Holder("bob"))


@pytest.mark.parametrize("holder", [Holder(None, "s"), Holder("alice")])
def test_one_who_has_not_come_yet_and_locks_again_gets_the_time_again(backend, pass_time, holder):
    assert backend.lock("ticket.7", holder)
    pass_time(10)
    assert backend.lock("ticket.7", holder)
    pass_time(10)
    assert not backend.lock("ticket.7", Holder("bob"))
    pass_time(6)
    assert backend.lock("ticket.7", Holder("bob"))
    assert not backend.lock("ticket.7", holder)


def test_of_many_who_want_a_lock_one_gets_it(backend):
    if isinstance(backend, DatabasePresence) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    won = []

    def want(user):
        if backend.lock("ticket.7", Holder(user)):
            won.append(user)
        connection.close()

    threads = [threading.Thread(target=want, args=(f"user{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert backend.holders(["ticket.7"]) == {"ticket.7": Holder(won[0])}


def test_many_processes_together_announce_each_change_once(backend):
    if isinstance(backend, DatabasePresence) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    found = []

    def work(number):
        process = Process(backend, f"p{number}")
        for turn in range(5):
            process.join(f"s{number}.{turn}", f"u{turn}", ONLINE, "room.7", since=turn)
            found.extend(swept_by_many(backend))
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found += swept(backend)
    expected = [f"+{stream} u{n}".strip() for n in range(5) for stream in ("", "room.7")]
    assert sorted(found) == sorted([*expected, "first room.7"])


def test_many_who_come_and_go_in_any_order_do_not_wait_in_a_circle(backend, process, other):
    if isinstance(backend, DatabasePresence) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    going = [Member(f"a{n:03}", "room.7", f"{n:03}", 1) for n in range(300)]
    coming = [Member(f"b{n:03}", "room.7", f"{n:03}", 1) for n in range(300)]
    for start in range(250, -1, -50):  # The first rows are those of the last users.
        process.write(going[start : start + 50])
    failed = []

    def repeat(process, **changes):
        try:
            for _ in range(10):
                process.write(**changes)
        except Exception as error:
            failed.append(error)
        connection.close()

    leaves = [Leave(member, GRACE) for member in going]
    threads = [
        threading.Thread(target=repeat, args=(other,), kwargs={"joins": coming}),
        threading.Thread(target=repeat, args=(process,), kwargs={"leaves": leaves}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def swept_by_many(backend):
    found = []
    backend.sweep(GRACE, True)
    for notice in backend.pending():
        backend.deliver(notice, lambda notice: found.extend(texts(notice)))
    return found

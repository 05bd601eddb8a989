"""What is still to be written, whatever has happened meanwhile."""

from realtime.roster import difference
from realtime.roster.base import Leave, Member
from realtime.roster.difference import Difference


def member(socket, stream="", user="alice"):
    return Member(socket, stream, user, 1)


def begun():
    """Return one whose first write, of nothing, is done."""
    members = Difference()
    members.take()
    return members


def test_the_first_write_says_all_that_there_is():
    members = Difference()
    assert members
    members.add(member("s"))
    assert members.take() == ([member("s")], [], True)
    assert not members


def test_then_only_changes_are_written():
    members = begun()
    members.add(member("s"))
    assert members.take() == ([member("s")], [], False)
    members.add(member("t"))
    assert members.remove("s", "", 5.0)
    assert members.take() == ([member("t")], [Leave(member("s"), 5.0)], False)
    assert not members


def test_what_is_there_already_or_never_was_is_no_change():
    members = begun()
    members.add(member("s"))
    members.take()
    members.add(member("s"))
    assert not members.remove("t", "", 5.0)
    assert not members.remove("s", "room.7", 5.0)
    assert not members


def test_one_that_comes_and_goes_is_only_a_leave():
    members = begun()
    members.add(member("s"))
    members.remove("s", "", 5.0)
    assert members.take() == ([], [Leave(member("s"), 5.0)], False)


def test_one_that_goes_and_comes_is_written_as_both():
    members = begun()
    members.add(member("s"))
    members.take()
    members.remove("s", "", 5.0)
    members.add(member("s"))
    assert members.take() == ([member("s")], [Leave(member("s"), 5.0)], False)


def test_what_was_not_written_is_written_later_unless_it_has_changed():
    members = begun()
    members.add(member("s"))
    members.add(member("t"))
    members.add(member("t", "room.7"))
    members.take()
    members.remove("s", "", 5.0)
    members.add(member("u"))
    failed = members.take()
    members.remove("u", "", 5.0)
    members.add(member("s"))
    members.give_back(failed)
    joins, leaves, replaces = members.take()
    assert joins == [member("s")]
    assert {leave.member for leave in leaves} == {member("s"), member("u")}
    assert not replaces


def test_a_replacement_that_was_not_written_stays_one():
    members = Difference()
    members.add(member("s"))
    failed = members.take()
    members.add(member("t"))
    members.give_back(failed)
    joins, _, replaces = members.take()
    assert (joins, replaces) == ([member("s"), member("t")], True)


def test_leaves_that_nobody_takes_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(difference, "MAX_LEAVES", 3)
    members = begun()
    members.add(member("stays"))
    for number in range(10):
        members.add(member(str(number)))
        members.remove(str(number), "", 5.0)
    joins, leaves, replaces = members.take()
    assert (joins, replaces) == ([member("stays")], True)
    assert len(leaves) <= 3


def test_the_streams_of_a_socket():
    members = begun()
    members.add(member("s"))
    members.add(member("s", "room.7"))
    assert members.streams_of("s") == ["", "room.7"]
    members.remove("s", "", 5.0)
    members.remove("s", "room.7", 5.0)
    assert members.streams_of("s") == []

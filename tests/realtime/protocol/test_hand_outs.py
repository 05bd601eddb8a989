"""When events were handed out: true for all, exact for the newest, little for very many."""

from itertools import pairwise

import pytest

from realtime.protocol.hand_outs import FULL, HandOuts


def handed_out(count, first=1):
    """Return what has handed out so many events, one each second: offset 7 at 7.0."""
    hand_outs = HandOuts()
    for offset in range(first, first + count):
        hand_outs.add(offset, float(offset))
    return hand_outs


def test_a_few_are_exact():
    assert list(handed_out(5).between(2)) == [(3, 3.0), (4, 4.0), (5, 5.0)]
    assert list(handed_out(5).between(1, 3)) == [(2, 2.0), (3, 3.0)]
    assert list(handed_out(5).between(5)) == list(HandOuts().between(0)) == []


@pytest.mark.parametrize("count", [FULL, 1000, 300_000])
def test_every_event_was_handed_out_by_the_time_of_its_entry(count):
    entries = list(handed_out(count, first=11).between(10))
    assert entries[-1] == (count + 10, count + 10.0)
    assert all(at == offset for offset, at in entries)
    assert all(one < next_ for (one, _), (next_, _) in pairwise(entries))
    assert [offset for offset, _ in entries[-FULL // 2 :]] == [*range(count - 53, count + 11)]


def test_of_many_the_entries_are_few_and_coarser_with_age():
    hand_outs = handed_out(100_000)
    entries = [offset for offset, _ in hand_outs.between(0)]
    assert len(entries) < 1200
    for one, next_ in pairwise(entries):
        assert next_ - one <= max(1, (100_000 - one) / 20)


def test_an_entry_that_goes_beyond_what_is_asked_for_is_cut():
    hand_outs = handed_out(1000)
    offset, at = hand_outs.between(0)[0]
    assert offset > 1
    assert hand_outs.between(0, 1) == [(1, at)]


def test_whether_one_was_among_them():
    hand_outs = HandOuts()
    for offset in range(2, 2000, 2):
        hand_outs.add(offset, 1.0)
    assert hand_outs.may_have(1990)
    assert not hand_outs.may_have(1991)
    assert hand_outs.may_have(3), "joined to others, so that nobody knows"
    assert not hand_outs.may_have(2000)
    assert not HandOuts().may_have(1)

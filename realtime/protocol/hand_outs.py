"""When the events of a stream were handed out: exact for the newest, and coarser with age.

All times are seconds of any steady clock.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

FULL = 128
"""Entries of one age; then the older half moves on, two of them joined to one."""

MAX_AGES = 10
"""After these, which are 65,000 events, the oldest are joined again and again."""


HandOut = tuple[int, float]
"""An offset and a time by which all events up to it, and after the entry before, were handed out.

A plain tuple, since there may be hundreds.
"""


class _Age:
    """Entries of about the same age, the oldest first, in 16 bytes each."""

    __slots__ = ("offsets", "times")

    def __init__(self) -> None:
        self.offsets = array("q")
        self.times = array("d")


class HandOuts:
    """Grows with the logarithm of what is added; none is ever lost, but joined to later ones."""

    __slots__ = ("_ages", "last")

    def __init__(self) -> None:
        self.last = 0
        """The offset of the newest."""
        self._ages: list[_Age] | tuple[()] = ()  # Most streams never have one.

    def add(self, offset: int, at: float) -> None:
        """Note that the event with the next ``offset`` is handed out now."""
        self.last = offset
        if not self._ages:
            self._ages = [_Age()]
        newest = self._ages[0]
        newest.offsets.append(offset)
        newest.times.append(at)
        if len(newest.offsets) == FULL:
            self._join(0)

    def between(self, after: int, to: int | None = None) -> list[HandOut]:
        """Return the entries after an offset, up to another one."""
        found: list[HandOut] = []
        for age in reversed(self._ages):
            first = bisect_right(age.offsets, after)
            if to is None or age.offsets[-1] < to:
                found += zip(age.offsets[first:], age.times[first:], strict=True)
                continue
            last = bisect_left(age.offsets, to)
            found += zip(age.offsets[first:last], age.times[first:last], strict=True)
            found.append((to, age.times[last]))
            break
        return found

    def may_have(self, offset: int) -> bool:
        """Tell whether an event was among them; True where its entry is joined to others."""
        if not self._ages or offset > self.last:
            return False
        newest = self._ages[0].offsets
        return offset in newest or (len(self._ages) > 1 and offset < newest[0])

    def _join(self, number: int) -> None:
        """Move the older half of an age on, and of each two entries keep the later."""
        age, half = self._ages[number], FULL // 2
        offsets, times = age.offsets[1:half:2], age.times[1:half:2]
        if number + 1 == MAX_AGES:
            age.offsets[:half], age.times[:half] = offsets, times
            return
        del age.offsets[:half], age.times[:half]
        if number + 1 == len(self._ages):
            self._ages = [*self._ages, _Age()]
        older = self._ages[number + 1]
        older.offsets.extend(offsets)
        older.times.extend(times)
        if len(older.offsets) >= FULL:
            self._join(number + 1)

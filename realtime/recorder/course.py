"""What one subscription has been handed of a stream, while it is in one epoch: its course.

Nothing is noted for an event that goes to all followers: the feed notes when it handed it out, and
the course when it was live. Times are of the event loop's clock until they become ``Step``s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from realtime.protocol.hand_outs import HandOut, HandOuts
from realtime.protocol.proofs import Proofs
from realtime.recorder.base import EXACT_STEPS, Following, Step

MAX_SPANS = 32
"""Changes between live and behind; older ones are joined to one replay."""

MAX_STEPS = 2 * EXACT_STEPS
"""Steps of a following; the newest half stays as it is."""


class Span(NamedTuple):
    """A time in which the events ``after`` one were handed out, up to ``to``."""

    after: int
    to: int
    began: float
    ended: float
    is_replay: bool


class Moment(NamedTuple):
    """Events up to ``offset`` were handed out by ``at``."""

    offset: int
    at: float
    is_replay: bool


Entry = TypeVar("Entry")


class Course:
    """Begins behind the stream, until it is ``live``.

    ``hand_outs`` are the feed's; a subscription that ``selects`` among events has none but its own,
    and notes each.
    """

    __slots__ = (
        "_after",
        "_began",
        "_hand_outs",
        "_is_live",
        "_moments",
        "_proofs_until",
        "_spans",
        "began_after",
        "epoch",
        "selects",
        "since",
        "stream",
        "until",
    )

    def __init__(
        self,
        stream: str,
        epoch: str,
        began_after: int,
        since: float,
        hand_outs: HandOuts | None,
    ) -> None:
        self.stream = stream
        self.epoch = epoch
        self.began_after = began_after
        self.since = since
        self.until: float | None = None
        self.selects = hand_outs is None
        self._hand_outs: HandOuts | None = HandOuts() if hand_outs is None else hand_outs
        self._is_live = False
        self._after = began_after
        self._began = since
        self._spans: list[Span] | None = None
        self._moments: Sequence[Moment] = ()
        self._proofs_until = math.inf

    def live(self, offset: int, now: float) -> None:
        """Hand out what the feed does from now on; the client has the events up to ``offset``."""
        self._close_span(offset, now)
        self._is_live = True

    def behind(self, offset: int, now: float) -> None:
        """Hand out nothing that the feed does: what follows ``offset`` will be replayed."""
        self._close_span(offset, now)
        self._is_live = False

    def replayed(self, offset: int, now: float) -> None:
        """Note how far a replay has come."""
        if not self._is_live:
            self._close_span(offset, now)

    def handed_out(self, offset: int, now: float) -> None:
        """Note an event that was selected."""
        if self._hand_outs is not None:
            self._hand_outs.add(offset, now)

    def end(self, now: float, *, has_dropped: bool = False) -> None:
        """Note the end; where frames that waited were dropped, a later pong proves nothing."""
        if self.until is None:
            self._moments = self._moments_until(now)
            self._hand_outs = self._spans = None  # The feed goes on, and may end.
            self.until = now
            if has_dropped:
                self._proofs_until = now

    def was_handed(self, offset: int, before: float | None = None) -> bool:
        """Tell whether an event was handed out, ``before`` a time; True where that isn't known."""
        hand_outs = self._hand_outs
        if offset <= self.began_after:
            return False
        if self.selects:
            return hand_outs.may_have(offset) if hand_outs is not None else self._has(offset)
        if offset <= self._after:
            return True
        if before is None and hand_outs is not None:
            return self._is_live and offset <= hand_outs.last
        moments = self._moments_until(math.inf if before is None else before)
        return bool(moments) and moments[-1].offset >= offset

    def following(self, proofs: Proofs, now: float, wall: float) -> Following:
        """Return what is known ``now``; ``wall`` is what the wall clock is ahead of the loop's."""
        moments = self._moments_until(now)
        if not moments:
            return self.begun(wall)
        steps = tuple(
            Step(one.offset, one.at + wall, self._proof_of(one, proofs, wall), one.is_replay)
            for one in moments
        )
        proved = (step.offset for step in reversed(steps) if step.proved_at is not None)
        return Following(
            self.stream,
            self.epoch,
            self.since + wall,
            self.began_after,
            moments[-1].offset,
            next(proved, self.began_after),
            None if self.until is None else self.until + wall,
            steps,
            self.selects,
        )

    def begun(self, wall: float) -> Following:
        """Return the following as if nothing had been handed out yet."""
        until = None if self.until is None else self.until + wall
        after, since = self.began_after, self.since + wall
        return Following(
            self.stream, self.epoch, since, after, after, after, until, (), self.selects
        )

    def _has(self, offset: int) -> bool:
        return any(one.offset == offset for one in self._moments)

    def _proof_of(self, moment: Moment, proofs: Proofs, wall: float) -> float | None:
        at = proofs.proved_at(moment.at)
        return None if at is None or at > self._proofs_until else at + wall

    def _close_span(self, offset: int, now: float) -> None:
        if self.until is None:
            if offset > self._after:
                span = Span(self._after, offset, self._began, now, not self._is_live)
                self._spans = _joined([*(self._spans or ()), span])
                self._after = offset
            self._began = now

    def _moments_until(self, end: float) -> Sequence[Moment]:
        hand_outs = self._hand_outs
        if hand_outs is None:
            return self._moments
        if self.selects:
            entries = _before(end, hand_outs.between(self.began_after))
            return [Moment(offset, at, self._was_replaying(at)) for offset, at in _few(entries)]
        moments = [moment for span in self._spans or () for moment in _of_span(span, hand_outs)]
        if self._is_live and hand_outs.last > self._after:
            entries = _before(end, hand_outs.between(self._after))
            moments += [Moment(offset, at, False) for offset, at in _few(entries)]
        return _few(moments)

    def _was_replaying(self, at: float) -> bool:
        for span in self._spans or ():
            if at <= span.ended:
                return span.is_replay
        return not self._is_live


def _joined(spans: list[Span]) -> list[Span]:
    if len(spans) <= MAX_SPANS:
        return spans
    first, second, *others = spans
    return [Span(first.after, second.to, first.began, second.ended, True), *others]


def _of_span(span: Span, hand_outs: HandOuts) -> list[Moment]:
    if span.is_replay:
        return [Moment(span.to, span.ended, True)]
    entries = _few(hand_outs.between(span.after, span.to))
    return [Moment(offset, min(at, span.ended), False) for offset, at in entries]


def _before(end: float, entries: list[HandOut]) -> list[HandOut]:
    while entries and entries[-1][1] > end:
        entries.pop()
    return entries


def _few(entries: list[Entry]) -> list[Entry]:
    """Keep the newest, and of those before them some: the last one of each group."""
    if len(entries) <= MAX_STEPS:
        return entries
    older = entries[:-EXACT_STEPS]
    group = math.ceil(len(older) / (MAX_STEPS - EXACT_STEPS))
    return older[::-1][::group][::-1] + entries[-EXACT_STEPS:]

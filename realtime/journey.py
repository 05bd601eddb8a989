"""The journey of an event: what became of it at each socket, from the facts that are known.

Nothing here asks anybody: ``recorder.facts`` finds the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from realtime.eventlog.entries import LogEntry
from realtime.protocol.close_codes import CloseCode
from realtime.recorder.base import EndedBy, Following, Life, Process
from realtime.recorder.facts import Facts, was_handed


class Outcome(StrEnum):
    """What became of the event at one socket."""

    PROVED = "proved"
    HANDED = "handed"
    """No pong has proved it yet."""
    LOST = "lost"
    """It was handed out, and the socket ended without a proof."""
    EXCLUDED = "excluded"
    HELD_BACK = "held back"
    """The socket follows and has not been handed it: it takes less than it is sent."""
    GONE = "gone"
    """The socket had ended before."""
    DIED = "process died"
    NOT_SUBSCRIBED = "not subscribed"
    NOT_SELECTED = "not selected"
    """It follows the stream and selects among its events, and this one was not among them."""
    FORGOTTEN = "forgotten"
    """It selects among the stream's events, and of those so old it is not known which ones."""
    LATER = "later"
    """It followed from a position that is after the event."""
    OTHER_EPOCH = "other epoch"
    UNKNOWN = "unknown"
    """Its process did not answer."""


HAS_IT = (Outcome.PROVED, Outcome.HANDED, Outcome.LOST)


@dataclass(frozen=True, slots=True)
class Story:
    """One socket and the event; times are seconds since 1970."""

    life: Life
    outcome: Outcome
    following: Following | None = None
    handed_at: float | None = None
    proved_at: float | None = None
    is_replay: bool = False
    came_back: str | None = None
    """The socket by which the same page, or another one of the same user, came back."""

    @property
    def gone_at(self) -> float | None:
        """When a socket that has ended was there for the last time."""
        life = self.life
        if life.ended_at is None or life.ended_by is EndedBy.CLIENT:
            return life.ended_at
        has_vanished = life.ended_by is EndedBy.PROCESS or life.code == CloseCode.STALE
        return (life.proved_at or life.opened_at) if has_vanished else life.ended_at


@dataclass(frozen=True, slots=True)
class Journey:
    """What became of an event in one stream."""

    entry: LogEntry
    stories: Sequence[Story]
    processes: Mapping[str, Process]
    silent: frozenset[str]


def journey_of(facts: Facts) -> Journey:
    """Return what the facts say."""
    stories = [] if facts.entry.offset is None else [_story(life, facts) for life in facts.lives]
    return Journey(facts.entry, _paired(stories), facts.processes, facts.silent)


def _story(life: Life, facts: Facts) -> Story:
    entry = facts.entry
    had = next((one for one in life.followings if was_handed(one, entry)), None)
    if had is not None:
        return _with_event(life, had, entry)
    at = entry.numbered_at or entry.logged_at
    if life.ended_at is not None and life.ended_at < at:
        return Story(life, Outcome.GONE)
    then = next((one for one in life.followings if _covers(one, at)), None)
    following = then or next((one for one in life.followings if one.since > at), None)
    return Story(life, _without_event(life, following, facts), following)


def _with_event(life: Life, following: Following, entry: LogEntry) -> Story:
    step = following.step_of(entry.offset or 0)
    handed_at = None if step is None else step.handed_at
    is_replay = step is not None and step.is_replay
    if life.socket == entry.exclude:
        return Story(life, Outcome.EXCLUDED, following)
    if following.proved >= (entry.offset or 0):
        proved_at = None if step is None else step.proved_at
        return Story(life, Outcome.PROVED, following, handed_at, proved_at, is_replay)
    outcome = Outcome.HANDED if life.ended_at is None else Outcome.LOST
    return Story(life, outcome, following, handed_at, None, is_replay)


def _without_event(life: Life, following: Following | None, facts: Facts) -> Outcome:
    entry = facts.entry
    if life.ended_at is None and life.process in facts.silent:
        return Outcome.UNKNOWN
    if life.ended_by is EndedBy.PROCESS:
        return Outcome.DIED
    if following is None:
        return Outcome.NOT_SUBSCRIBED
    if following.epoch != entry.epoch:
        return Outcome.OTHER_EPOCH
    offset = entry.offset or 0
    if following.began_after >= offset:
        return Outcome.LATER
    if following.may_have_joined(offset):
        return Outcome.FORGOTTEN
    has_passed = following.selects and following.handed > offset
    return Outcome.NOT_SELECTED if has_passed else Outcome.HELD_BACK


def _covers(following: Following, at: float) -> bool:
    return following.since <= at and (following.until is None or following.until >= at)


def _paired(stories: Sequence[Story]) -> list[Story]:
    """Note by which sockets those came back that ended without a proof, the earliest first."""
    free = {story.life.socket: story.life for story in stories if story.life.user is not None}
    paired = []
    for story in stories:
        life = story.life
        if life.ended_at is not None and story.outcome is not Outcome.PROVED:
            later = [one for one in free.values() if _may_be_return(one, life)]
            if later:
                back = min(
                    later, key=lambda one: (one.user_agent != life.user_agent, one.opened_at)
                )
                del free[back.socket]
                story = replace(story, came_back=back.socket)
        paired.append(story)
    return paired


def _may_be_return(later: Life, life: Life) -> bool:
    last_seen = life.proved_at or life.opened_at
    return later.user == life.user and later.socket != life.socket and later.opened_at > last_seen


def to_json(journeys: Sequence[Journey], verdict: str) -> dict[str, Any]:
    """Return all that is known, as JSON can hold it; ``verdict`` is for people."""
    return {"verdict": verdict, "streams": [_journey_to_json(one) for one in journeys]}


def _journey_to_json(journey: Journey) -> dict[str, Any]:
    entry = journey.entry
    return {
        "stream": entry.stream,
        "epoch": entry.epoch,
        "offset": entry.offset,
        "event": entry.id,
        "name": entry.name,
        "key": entry.key,
        "origin": entry.origin,
        "published_at": entry.at,
        "logged_at": entry.logged_at,
        "numbered_at": entry.numbered_at,
        "silent_processes": sorted(journey.silent),
        "sockets": [_story_to_json(story, journey.processes) for story in journey.stories],
    }


def _story_to_json(story: Story, processes: Mapping[str, Process]) -> dict[str, Any]:
    life, process = story.life, processes.get(story.life.process)
    return {
        "socket": life.socket,
        "user": life.user,
        "outcome": story.outcome,
        "handed_at": story.handed_at,
        "proved_at": story.proved_at,
        "is_replay": story.is_replay,
        "opened_at": life.opened_at,
        "ended_at": life.ended_at,
        "code": life.code,
        "ended_by": life.ended_by,
        "gone_at": story.gone_at,
        "came_back": story.came_back,
        "user_agent": life.user_agent,
        "process": life.process,
        "host": None if process is None else process.host,
        "pid": None if process is None else process.pid,
    }


def sockets_with(journeys: Iterable[Journey], *outcomes: Outcome) -> dict[str, Story]:
    """Return the stories with one of the outcomes, by socket: one may follow several streams."""
    stories = (story for journey in journeys for story in journey.stories)
    return {story.life.socket: story for story in stories if story.outcome in outcomes}

"""The journey of an event as text: a verdict in one line, and what became of it at each socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from realtime.journey import HAS_IT, Journey, Outcome, Story, sockets_with
from realtime.protocol.close_codes import CloseCode
from realtime.recorder.base import EndedBy

MAX_SOCKETS = 12
"""Lines of one stream, unless all are wanted."""
MAX_SENTENCES = 3
"""Users in the verdict."""


@dataclass(frozen=True)
class Words:
    """How times and users are written: ``clock`` gets seconds since 1970."""

    clock: Callable[[float], str]
    names: Mapping[str, str]
    """The users' names, by the names of their streams."""

    def at(self, seconds: float | None) -> str:
        """Return a time, or that it is not known."""
        return "at an unknown time" if seconds is None else self.clock(seconds)

    def user(self, stream: str | None) -> str:
        """Return what a user is called."""
        return "a visitor" if stream is None else self.names.get(stream, stream)


def verdict(journeys: Sequence[Journey], words: Words) -> str:
    """Return what became of one event, in a sentence or two."""
    if all(journey.entry.offset is None for journey in journeys):
        return "Committed, and not numbered yet: no socket can have it."
    had = sockets_with(journeys, *HAS_IT)
    live = {name: story for name, story in had.items() if not story.is_replay}
    proved = [story for story in live.values() if story.outcome is Outcome.PROVED]
    returns = _returns(journeys, words)
    replayed = [name for name, story in had.items() if story.is_replay]
    if live:
        first = f"Delivered to {_count(live, 'socket')}, proved by {len(proved)}"
    elif replayed:
        first = "Delivered to nobody when it came"
    elif _may_have_it(journeys):
        first = f"Not known to be delivered: {_why(journeys)}"
    else:
        first = f"Delivered to nobody: {_why(journeys)}"
    parts = [first, *list(returns.values())[:MAX_SENTENCES]]
    if len(returns) > MAX_SENTENCES:
        parts.append(f"{len(returns) - MAX_SENTENCES} more sockets were gone")
    others = set(replayed) - {story.came_back for story in _stories(journeys)}
    if others:
        parts.append(f"{_count(others, 'socket')} got it by replay")
    silent = frozenset().union(*(journey.silent for journey in journeys))
    if silent:
        parts.append(
            f"{_count(silent, 'process', 'processes')} did not answer, so more may have it"
        )
    return "; ".join(parts) + "."


def text(journeys: Sequence[Journey], words: Words, *, show_all: bool = False) -> str:
    """Return the verdict on one event, its data, and a line for each socket of each stream."""
    first = journeys[0].entry
    lines = [verdict(journeys, words), ""]
    key = f"  key {first.key}" if first.key else ""
    lines.append(f"{first.name}  event {first.id}{key}")
    lines.append(f"  published {words.at(first.at)} by {first.origin or 'an unknown origin'}")
    lines.append(f"  logged    {words.at(first.logged_at)}")
    for journey in journeys:
        lines += ["", *_stream_lines(journey, words, show_all=show_all)]
    return "\n".join(lines)


def _stream_lines(journey: Journey, words: Words, *, show_all: bool) -> list[str]:
    entry = journey.entry
    where = "not numbered yet" if entry.offset is None else f"offset {entry.offset}"
    numbered = f", numbered {words.at(entry.numbered_at)}" if entry.numbered_at else ""
    lines = [f"{entry.stream}: {where}{numbered}"]
    stories = list(journey.stories)
    if not stories and entry.offset is not None:
        lines.append("  no socket had this stream within a minute around")
    shown = stories
    if not show_all and len(stories) > MAX_SOCKETS:
        shown = sorted(stories, key=lambda story: story.outcome is Outcome.PROVED)[:MAX_SOCKETS]
        shown.sort(key=stories.index)
    width = max((len(words.user(story.life.user)) for story in shown), default=0)
    for story in shown:
        who = f"{words.user(story.life.user):<{width}}  {story.life.socket}"
        lines.append(f"  {who}  {_process(story, journey)}  {sentence(story, words)}")
    if len(shown) < len(stories):
        lines.append("  " + _summary([story for story in stories if story not in shown]))
    return lines


def sentence(story: Story, words: Words) -> str:
    """Return what became of the event at one socket."""
    at, life, following = words.at, story.life, story.following
    back = f"; came back as {story.came_back}" if story.came_back else ""
    match story.outcome:
        case Outcome.PROVED:
            return f"{_handed(story, words)}, proved {at(story.proved_at)}"
        case Outcome.HANDED:
            return f"{_handed(story, words)}, no proof yet"
        case Outcome.LOST:
            return f"{_handed(story, words)}, never proved: {_end(story, words)}{back}"
        case Outcome.EXCLUDED:
            return "left out: the publisher excluded this socket"
        case Outcome.GONE:
            return f"{_end(story, words)}, before the event{back}"
        case Outcome.DIED:
            return f"{_end(story, words)}, what it was handed since it opened is lost{back}"
        case Outcome.NOT_SUBSCRIBED:
            return f"open since {at(life.opened_at)}, did not follow the stream"
        case Outcome.UNKNOWN:
            return f"its process did not answer; open since {at(life.opened_at)}"
    assert following is not None
    match story.outcome:
        case Outcome.HELD_BACK:
            which = f"handed up to offset {following.handed}, proved up to {following.proved}"
            end = f"; {_end(story, words)}{back}" if life.ended_at is not None else ""
            return f"held back: {which}{end}"
        case Outcome.NOT_SELECTED:
            return "follows, and its class or its filter did not select the event"
        case Outcome.FORGOTTEN:
            return "follows, and whether the event was selected for it is no longer known"
        case Outcome.LATER:
            return f"followed from {at(following.since)}, from a position after the event"
    return f"followed another epoch of the stream, from {at(following.since)}"


def _handed(story: Story, words: Words) -> str:
    if not story.is_replay:
        return f"handed {words.at(story.handed_at)}"
    return f"opened {words.at(story.life.opened_at)}, replayed {words.at(story.handed_at)}"


def _end(story: Story, words: Words) -> str:
    life = story.life
    ended = words.at(life.ended_at)
    if life.ended_by is EndedBy.PROCESS:
        return f"its process died by {ended}"
    if life.code == CloseCode.STALE:
        return f"gone stale at {ended} (4408), last pong {words.at(life.proved_at)}"
    by = "the client" if life.ended_by is EndedBy.CLIENT else "the server"
    return f"ended by {by} at {ended}{_code(life.code)}"


def _code(code: int | None) -> str:
    if code is None:
        return ""
    ours = next((one for one in CloseCode if one == code), None)
    return f" ({code})" if ours is None else f" ({code} {ours.reason})"


def _process(story: Story, journey: Journey) -> str:
    process = journey.processes.get(story.life.process)
    return story.life.process[:8] if process is None else f"{process.host}/{process.pid}"


def _returns(journeys: Sequence[Journey], words: Words) -> dict[str, str]:
    """Return a sentence for each page that was gone when the event came, or never proved it.

    A page that lost its connection several times has one, up to the socket that has the event.
    """
    stories = {story.life.socket: story for story in _stories(journeys)}
    found: dict[str, str] = {}
    told: set[str] = set()
    for name, story in sorted(stories.items(), key=lambda one: one[1].life.opened_at):
        back = stories.get(story.came_back or "")
        if name in told or not _has_missed(story):
            continue
        if story.outcome is Outcome.GONE and (back is None or back.outcome is Outcome.GONE):
            continue  # It left before and nobody expects it, or was back before the event.
        while back is not None and back.life.socket not in told:
            told.add(back.life.socket)
            if _has_missed(back):
                back = stories.get(back.came_back or "", back)
        gone = f"{words.user(story.life.user)} was gone from {words.at(story.gone_at)}"
        found[name] = f"{gone} {_return(back, words)}"
    return found


def _has_missed(story: Story) -> bool:
    missed = (Outcome.LOST, Outcome.DIED, Outcome.GONE, Outcome.HELD_BACK)
    return story.outcome in missed and story.life.ended_at is not None


def _return(back: Story | None, words: Words) -> str:
    if back is None:
        return "and has not come back"
    returned = f"to {words.at(back.life.opened_at)}"
    if back.outcome in HAS_IT:
        how = "by replay " if back.is_replay else ""
        return f"{returned} and got it {how}at {words.at(back.handed_at)}"
    if back.outcome is Outcome.LATER:
        return f"{returned} and then began with a position after it"
    return f"{returned} and has not got it ({back.outcome})"


def _may_have_it(journeys: Sequence[Journey]) -> bool:
    """Tell whether sockets may have been handed an event of which that can't be known."""
    unknown = sockets_with(journeys, Outcome.DIED, Outcome.UNKNOWN, Outcome.FORGOTTEN)
    return bool(unknown) or any(journey.silent for journey in journeys)


def _why(journeys: Sequence[Journey]) -> str:
    outcomes = {story.outcome for story in _stories(journeys)}
    reasons = {
        Outcome.HELD_BACK: "what follows the stream takes less than it is sent",
        Outcome.NOT_SELECTED: "those who follow the stream did not select it",
        Outcome.DIED: "the process of the socket died",
        Outcome.FORGOTTEN: "what was selected from the stream then is no longer known",
        Outcome.UNKNOWN: "what may have it is in a process that did not answer",
        Outcome.GONE: "the sockets that had followed the stream had ended",
        Outcome.EXCLUDED: "only the excluded socket followed the stream",
        Outcome.OTHER_EPOCH: "the stream had begun again",
        Outcome.NOT_SUBSCRIBED: "the user's sockets did not follow the stream",
    }
    found = (reason for outcome, reason in reasons.items() if outcome in outcomes)
    return next(found, "no socket followed the stream")


def _summary(stories: Sequence[Story]) -> str:
    counts: dict[str, int] = {}
    for story in stories:
        counts[story.outcome] = counts.get(story.outcome, 0) + 1
    each = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"... and {_count(stories, 'more socket')} ({each}); --all shows them"


def _stories(journeys: Sequence[Journey]) -> list[Story]:
    return [story for journey in journeys for story in journey.stories]


def _count(things: object, one: str, several: str | None = None) -> str:
    number = len(things)  # type: ignore[arg-type]
    return f"{number} {one}" if number == 1 else f"{number} {several or one + 's'}"

"""What is known of an event and of the sockets around it: from the log, the processes, the records.

Sync code, for a command or a view. Sockets that are open are asked for; for the others, and where a
process does not answer, what was written counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from realtime.eventlog.entries import LogEntry
from realtime.layer.questions import ask
from realtime.logs import get_logger
from realtime.protocol.stream_names import ESCAPED_USER_PREFIX, USER_PREFIX
from realtime.recorder.base import Following, Life, Process, RecorderBackend
from realtime.recorder.wire import life_from_json

logger = get_logger(__name__)

AROUND = 60.0
"""Seconds before and after an event in which a socket is of interest."""
COMES_BACK = 86400.0
"""Seconds after an event in which it is noted when a page came back."""

PAGE = 200
"""Lives in one answer, each with one stream."""
PAGE_OF_USER = 10
"""Lives in one answer, each with all its streams, of which a hundred are 320 KB."""
MAX_PAGES = 100
"""Answers of one process: 20,000 sockets of a stream, 1,000 of a user."""
MAX_RETURNED = 50
"""Users of whom it is found out when they came back."""


@dataclass(frozen=True, slots=True)
class Facts:
    """An event of one stream, and the sockets that the stream or its user had around that time."""

    entry: LogEntry
    lives: Sequence[Life]
    processes: Mapping[str, Process]
    silent: frozenset[str]
    """Processes that are alive and did not answer."""


class Records:
    """Finds facts in a backend and in the processes; one that did not answer is not asked again."""

    def __init__(self, backend: RecorderBackend) -> None:
        self._backend = backend
        self._silent: set[str] = set()

    def facts_of(self, entry: LogEntry, user: str | None = None) -> Facts:
        """Find out what is known of an event; of one ``user``'s sockets alone, if that is given.

        ``user`` is the name of the user's own stream. Raises what the backend raises if it is away.
        """
        at = entry.numbered_at or entry.logged_at
        begin, end = at - AROUND, at + AROUND
        processes = self._processes(begin)
        owner = user or (entry.stream if _is_of_user(entry.stream) else None)
        lives: dict[str, Life] = {}
        if owner is None:
            _add(lives, self._backend.followers(entry.stream, begin, end))
            _add(lives, self._ask(processes, stream=entry.stream))
            for gone in _gone(lives.values())[:MAX_RETURNED]:
                later = self._backend.lives_of(gone, at, at + COMES_BACK)
                _add(lives, [life for life in later if life.socket not in lives])
        else:
            _add(lives, self._backend.lives_of(owner, begin, at + COMES_BACK))
            _add(lives, self._ask(processes, user=owner))
        of_stream = [_with_stream(life, entry.stream) for life in lives.values()]
        of_stream.sort(key=lambda life: (life.opened_at, life.socket))
        chosen = [life for life in of_stream if _is_near(life, begin, end) or _has(life, entry)]
        chosen += _returned(chosen, [life for life in of_stream if life.opened_at > end])
        return Facts(entry, chosen, processes, frozenset(self._silent & processes.keys()))

    def lives_of_user(self, user: str, begin: float, end: float) -> Sequence[Life]:
        """Return the lives of a user's sockets between two times, with all that they followed."""
        lives: dict[str, Life] = {}
        _add(lives, self._backend.lives_of(user, begin, end))
        _add(lives, self._ask(self._processes(begin), user=user))
        return [life for life in lives.values() if _is_near(life, begin, end)]

    def _processes(self, since: float) -> dict[str, Process]:
        return {one.id: one for one in self._backend.processes(since)}

    def _ask(
        self, processes: Mapping[str, Process], stream: str | None = None, user: str | None = None
    ) -> list[Life]:
        """Return the lives of all processes that are alive and answer."""
        asked = {one.id for one in processes.values() if one.ended_at is None} - self._silent
        found: list[Life] = []
        after, limit = "", PAGE if user is None else PAGE_OF_USER
        for _ in range(MAX_PAGES):
            if not asked:
                break
            about = {"stream": stream, "user": user, "after": after, "limit": limit}
            answers = ask("lives", about, expected=asked)
            self._silent |= asked - answers.keys()
            pages = [_read(process, page) for process, page in answers.items()]
            found += [life for page in pages for life in page]
            full = [page for page in pages if len(page) >= limit]
            asked = {page[0].process for page in full}
            # The others have nothing after the first of these ends.
            after = min((page[-1].socket for page in full), default="")
        return found


def _read(process: str, page: object) -> list[Life]:
    try:
        return [life_from_json(one) for one in page]  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError) as error:
        logger.error("lives dropped process=%s error=%r", process, error)
        return []


def _add(lives: dict[str, Life], found: Iterable[Life]) -> None:
    """Add lives; what is found later is what a process knows now."""
    for life in found:
        known = lives.get(life.socket)
        lives[life.socket] = life if known is None else _joined(known, life)


def _joined(written: Life, known: Life) -> Life:
    """Return a life with the followings that only the record has."""
    keys = {_key(one) for one in known.followings}
    more = tuple(one for one in written.followings if _key(one) not in keys)
    return replace(known, followings=(*more, *known.followings))


def _key(following: Following) -> tuple[str, str, int]:
    return following.stream, following.epoch, round(following.since * 100)


def _gone(lives: Iterable[Life]) -> list[str]:
    users = (life.user for life in lives if life.ended_at is not None)
    return list(dict.fromkeys(user for user in users if user is not None))


def _returned(near: Iterable[Life], later: Iterable[Life]) -> list[Life]:
    """Return the first lives that came later, of each user as many as had ended before."""
    gone = Counter(life.user for life in near if life.ended_at is not None)
    had = {life.socket for life in near}
    returned = []
    for life in later:
        if life.socket not in had and life.followings and life.user and gone[life.user] > 0:
            gone[life.user] -= 1
            returned.append(life)
    return returned


def _with_stream(life: Life, stream: str) -> Life:
    its = tuple(one for one in life.followings if one.stream == stream)
    return replace(life, followings=its)


def _is_near(life: Life, begin: float, end: float) -> bool:
    return life.opened_at <= end and (life.ended_at is None or life.ended_at >= begin)


def _has(life: Life, entry: LogEntry) -> bool:
    return any(was_handed(one, entry) for one in life.followings)


def was_handed(following: Following, entry: LogEntry) -> bool:
    """Tell whether an event was handed to a socket.

    Of one that selects among events, only a step of that very event says so.
    """
    if entry.offset is None or (following.stream, following.epoch) != (entry.stream, entry.epoch):
        return False
    if following.selects:
        return following.step_of(entry.offset) is not None
    return following.began_after < entry.offset <= following.handed


def _is_of_user(stream: str) -> bool:
    return stream.partition(".")[0] in (USER_PREFIX, ESCAPED_USER_PREFIX)

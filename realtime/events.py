"""Publishing: an event for all who follow a stream, handed over when its data is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, overload

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async, sync_code_waits
from realtime.concurrency.per_loop import in_event_loop
from realtime.counters import EVENTS_PUBLISHED
from realtime.drafts import addressed, draft_of
from realtime.eventlog import Addressed, Draft, EventLog, LoggedEvent, event_log
from realtime.eventlog.commit import after_every_commit
from realtime.hints import hint
from realtime.layer.broadcast import abroadcast, broadcast
from realtime.layer.groups import group_name
from realtime.layer.messages import (
    Message,
    ephemeral_messages_of,
    logged_messages,
    plain_message,
    stamped,
)
from realtime.logs import get_logger
from realtime.protocol.position import NOWHERE, Position
from realtime.receipts.terms import Terms, terms_of
from realtime.recipients import Recipient, is_user, stream_names
from realtime.streams import is_served

__all__ = [
    "Recipient",
    "aposition",
    "apublish",
    "event_message",
    "group_name",
    "position",
    "publish",
]

logger = get_logger(__name__)


def publish(
    to: Recipient | Iterable[Recipient],
    name: str,
    data: Any = None,
    *,
    key: str | None = None,
    ephemeral: bool = False,
    exclude: str | None = None,
    within: float | None = None,
    otherwise: str | None = None,
) -> str:
    """Publish one event, from sync code; inside a transaction, it is committed with it.

    ``to`` is a stream's name, a user (their own stream), or several of these. ``name`` is the
    event's; ``data`` is anything that Django's JSON encoder takes. ``key`` makes a retry harmless:
    a stream takes each key once. An ``ephemeral`` event is not kept, and reaches those who follow
    the stream at that moment. ``exclude`` is the id of a socket that does not get the event, as a
    stream's ``receive`` has it in ``self.socket``.

    ``within`` has it noted who receives the event (docs/receipts.md). If no socket has proved that
    after so many seconds, the function with the dotted path ``otherwise`` is called once, with a
    ``realtime.receipts.UnreceivedEvent``, by some server process.

    Returns the event's id, which ``receipt`` takes; for the repetition of an event that was
    published ``within`` a time, that one's.

    Raises ``ValueError`` or ``TypeError`` for a stream, name or data that can't be published, or a
    function that can't be imported, what the event log raises if it is away,
    ``TransactionManagementError`` where nobody can tell when the caller's data is committed
    (docs/publishing.md), and ``RuntimeError`` in a running event loop, which it would block
    (``apublish`` is for that). A channel layer that fails does not raise: it is logged, and
    followers get the event from the log.
    """
    if in_event_loop():
        raise RuntimeError("publish() was called in an event loop: await apublish() there.")
    terms = terms_of(within, otherwise)
    event = addressed(to, name, data, key, exclude)
    if terms is not None:
        log = None if ephemeral else event_log()
        return _publish_within(terms, _required(log), event.streams, event.draft)
    hand_over([event], ephemeral=ephemeral)
    return event.draft.id


async def apublish(
    to: Recipient | Iterable[Recipient],
    name: str,
    data: Any = None,
    *,
    key: str | None = None,
    ephemeral: bool = False,
    exclude: str | None = None,
    within: float | None = None,
    otherwise: str | None = None,
) -> str:
    """Publish one event, from async code; see ``publish`` for the arguments.

    With the Redis log, and for ephemeral events, it needs no thread. Otherwise the event is written
    in the thread of Django's async database calls. Under ``async_to_sync`` that is the thread of
    the sync code, with its transactions, whatever the log.
    """
    terms = terms_of(within, otherwise)
    if terms is not None or awaits_thread(ephemeral):
        options: dict[str, Any] = {"key": key, "ephemeral": ephemeral, "exclude": exclude}
        options |= {"within": within, "otherwise": otherwise}
        return await run_async(sync_to_async(publish)(to, name, data, **options))
    event = addressed(to, name, data, key, exclude)
    await hand_over_in_loop([event], ephemeral=ephemeral)
    return event.draft.id


# A name is itself a series of strings, so the first signature has to be tried first.
@overload
def position(to: Recipient) -> Position: ...  # type: ignore[overload-overlap]
@overload
def position(to: Iterable[Recipient]) -> dict[str, Position]: ...
def position(to: Recipient | Iterable[Recipient]) -> Position | dict[str, Position]:
    """Return where a stream is: take it before the data that a page shows, and hand it to the page.

    ``to`` is a stream's name or a user, for one ``Position``; or several of these, for a dict of
    them by name. What is published after this is replayed to the page that resumes from there.

    Raises ``ValueError`` or ``TypeError`` for what is no stream or user, and what the event log
    raises if it is away.
    """
    streams = stream_names(to)
    log = event_log()
    found = log.positions(streams) if log is not None else dict.fromkeys(streams, NOWHERE)
    return found[streams[0]] if isinstance(to, str) or is_user(to) else found


@overload
async def aposition(to: Recipient) -> Position: ...  # type: ignore[overload-overlap]
@overload
async def aposition(to: Iterable[Recipient]) -> dict[str, Position]: ...
async def aposition(to: Recipient | Iterable[Recipient]) -> Position | dict[str, Position]:
    """Do what ``position`` does, from async code."""
    find: Callable[[Any], Any] = position
    found: Position | dict[str, Position] = await run_async(sync_to_async(find)(to))
    return found


def event_message(stream: str, name: str, data: Any = None) -> Message:
    """Return the channel layer message that hands an ephemeral event to a stream's followers.

    ``data`` is copied, as JSON would carry it (dates become strings). Raises ``ValueError`` or
    ``TypeError`` for a stream, name or data that can't be published.
    """
    return plain_message(stream, draft_of(name, data))


def hand_over(events: Sequence[Addressed], *, ephemeral: bool) -> None:
    """Append events to the log, or broadcast those that are not kept, after the caller's commit."""
    log = None if ephemeral else event_log()
    events = _announced(events, "ephemeral" if log is None else "kept")
    if log is None:
        outgoing = ephemeral_messages_of(events)
        after_every_commit(lambda: broadcast(stamped(outgoing)))
    elif events:
        log.append_many(events, _broadcast_logged)


async def hand_over_in_loop(events: Sequence[Addressed], *, ephemeral: bool) -> None:
    """Do what ``hand_over`` does, in an event loop, where ``awaits_thread`` says that it may."""
    log = None if ephemeral else event_log()
    events = _announced(events, "ephemeral" if log is None else "kept")
    if log is None:
        await abroadcast(stamped(ephemeral_messages_of(events)))
    elif events:
        await log.append_in_loop(events, _abroadcast_logged)


def awaits_thread(ephemeral: bool) -> bool:
    """Tell whether async code has to publish in a thread: for its transactions, or its log."""
    log = None if ephemeral else event_log()
    return sync_code_waits() or not (log is None or log.appends_in_loop)


def _announced(events: Sequence[Addressed], kind: str) -> Sequence[Addressed]:
    """Count and log the events that go to any stream, and return them."""
    events = [event for event in events if event.streams]
    for streams, draft in events:
        EVENTS_PUBLISHED.add(kind)
        _log_publish(draft, streams)
    return events


def _publish_within(terms: Terms, log: EventLog, streams: Sequence[str], draft: Draft) -> str:
    """Publish with a deadline, which holds also where there are no streams, and so nobody."""
    from realtime.receipts.deadlines import publish_with  # Needs the apps to be loaded.

    draft = replace(draft, wants_receipt=True)
    EVENTS_PUBLISHED.add("kept")
    _log_publish(draft, streams)

    def append() -> None:
        if streams:
            log.append(streams, draft, _broadcast_logged)

    return publish_with(terms, draft, streams, append)


def _required(log: EventLog | None) -> EventLog:
    if log is None:
        raise ValueError("within needs an event that is kept: an event log, and not ephemeral.")
    return log


def _broadcast_logged(events: Sequence[LoggedEvent]) -> None:
    if events:
        broadcast(stamped(logged_messages(events)))


async def _abroadcast_logged(events: Sequence[LoggedEvent]) -> None:
    if events:
        await abroadcast(stamped(logged_messages(events)))


def _log_publish(draft: Draft, streams: Sequence[str]) -> None:
    names = ",".join(streams)
    logger.info(
        "publish event=%s name=%s key=%s streams=%s",
        *(draft.id, draft.name, draft.key, names),
        extra={"origin": draft.origin, "traceparent": draft.traceparent},
    )
    for stream in streams:
        if not is_served(stream):
            _hint_at_unserved(stream)


def _hint_at_unserved(stream: str) -> None:
    prefix = stream.partition(".")[0]
    hint(
        logger,
        "publish stream=%s: no stream class serves the prefix %r, so only a signed name allows "
        "anybody to follow it. For a user, pass the user: publish(user, ...). For a stream of "
        "your own, register a class for %r in a module named streams of an installed app.",
        stream,
        prefix,
        prefix,
        kind=prefix,
    )

"""SocketShark's frames and ours, each in the words of the other; without I/O or a clock.

SocketShark's README has its frames: https://github.com/closeio/socketshark (Client Protocol). The
sentences of errors are those that its clients know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame, encode, pong
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.protocol.stream_names import STREAM_NAME

MAX_EVENT = 40
"""Characters of the longest event name that is repeated to its sender."""

MAX_PING_DATA = 128
"""Characters of a ping's data that are repeated to its sender."""

SERVICE_RESTART = 1012
"""The close code (RFC 6455's registry) after which a client subscribes again."""

INVALID = "Messages must be JSON and contain an event field."
NO_TOPIC = "Invalid subscription format."
NO_SERVICE = "Invalid service."
UNKNOWN_EVENT = "Event not found."
NO_TICKET = "Must specify ticket."
NO_METHOD = "Authentication method unsupported."
AUTH_FAILED = "Authentication failed."
AUTH_REQUIRED = "Authentication required."
UNAUTHORIZED = "Unauthorized."

UNCHECKED = "internal"
"""The reason of an end after which a client is to try again, since its right is not known."""

NO_LOGIN = (CloseCode.NOT_SIGNED_IN, CloseCode.EXPIRED)
"""Codes with which a client is refused whose user is not known."""

SENTENCES = {
    "forbidden": UNAUTHORIZED,
    "already_subscribed": "Already subscribed.",
    "not_subscribed": "Subscription does not exist.",
    "unknown_stream": NO_SERVICE,
    "internal": "Service unavailable.",
    "failed": "Unhandled exception.",
}
"""What SocketShark says for our error codes; for others, our own sentence goes to the client."""


class Outcome(NamedTuple):
    """What is to be sent to each side, as text; with ``close``, the connection is closed then."""

    to_server: list[str] = []
    to_client: list[str] = []
    close: int | None = None


class Asked(NamedTuple):
    """A command of the client that has no answer yet."""

    event: str
    subscription: str
    extra: Frame


class Translator:
    """Translates one connection.

    ``extra_of`` returns which fields a client may give for a stream, None if nothing serves it.
    """

    def __init__(self, extra_of: Callable[[str], Collection[str] | None]) -> None:
        self._extra_of = extra_of
        self._refs = 0
        self._asked: dict[int, Asked] = {}
        self._extra: dict[str, Frame] = {}
        """What the client has given, for each subscription."""
        self._is_welcome = False

    def from_client(self, text: str | None) -> Outcome:
        """Translate a frame of SocketShark's client, None for a binary one."""
        frame = _decoded(text)
        event = frame.get("event")
        if not isinstance(event, str) or len(event) > MAX_EVENT:
            return _answer({"status": "error", "error": INVALID})
        take = self._events.get(event)
        if take is None:
            return _answer({"event": event, "status": "error", "error": UNKNOWN_EVENT})
        return take(self, frame)

    def from_server(self, text: str, now: float) -> Outcome:
        """Translate one of our frames, at ``now`` (seconds since 1970)."""
        frame = json.loads(text)
        take = self._types.get(frame["type"])
        return Outcome() if take is None else take(self, frame, now)

    def _auth(self, frame: Frame) -> Outcome:
        if frame.get("method", "ticket") != "ticket":
            return _answer({"event": "auth", "status": "error", "error": NO_METHOD})
        ticket = frame.get("ticket")
        if not ticket or not isinstance(ticket, str):
            return _answer({"event": "auth", "status": "error", "error": NO_TICKET})
        if self._is_welcome:
            return _answer({"event": "auth", "status": "ok"})
        return self._ask(Asked("auth", "", {}), {"type": "authenticate", "ticket": ticket})

    def _subscribe(self, frame: Frame) -> Outcome:
        names = self._extra_of_topic(frame)
        given = {name: frame[name] for name in names or () if name in frame}
        command = {"type": "subscribe", "extra": given} if given else {"type": "subscribe"}
        return self._command(frame, given, command)

    def _message(self, frame: Frame) -> Outcome:
        given = self._extra.get(_topic(frame), {})
        message = {"type": "send", "name": "message", "data": frame.get("data")}
        return self._command(frame, given, message)

    def _unsubscribe(self, frame: Frame) -> Outcome:
        given = self._extra.get(_topic(frame), {})
        return self._command(frame, given, {"type": "unsubscribe"})

    def _command(self, frame: Frame, extra: Frame, command: Frame) -> Outcome:
        asked = Asked(frame["event"], _topic(frame), extra)
        if not _is_legal(asked.subscription):
            return _refusal(asked, NO_TOPIC)
        if self._extra_of_topic(frame) is None:
            return _refusal(asked, NO_SERVICE)
        return self._ask(asked, {**command, "stream": asked.subscription})

    def _extra_of_topic(self, frame: Frame) -> Collection[str] | None:
        topic = _topic(frame)
        return self._extra_of(topic) if _is_legal(topic) else None

    def _ping(self, frame: Frame) -> Outcome:
        data = frame.get("data")
        repeated = data[:MAX_PING_DATA] if isinstance(data, str) else None
        return _answer({"event": "pong", "data": repeated})

    def _ask(self, asked: Asked, frame: Frame) -> Outcome:
        self._refs += 1
        self._asked[self._refs] = asked
        return Outcome(to_server=[encode({**frame, "ref": self._refs})])

    def _take_welcome(self, frame: Frame, now: float) -> Outcome:
        self._is_welcome = True
        ok = encode({"event": "auth", "status": "ok"})
        return Outcome(to_client=[ok for _ in self._pop("auth")])

    def _take_ping(self, frame: Frame, now: float) -> Outcome:
        """Answer for the client, which knows no pings of this kind."""
        return Outcome(to_server=[pong(frame["nonce"])])

    def _take_subscribed(self, frame: Frame, now: float) -> Outcome:
        asked = self._asked.pop(frame["ref"])
        self._extra[asked.subscription] = asked.extra
        return _confirmation(asked, frame.get("snapshot"))

    def _take_unsubscribed(self, frame: Frame, now: float) -> Outcome:
        extra = self._extra.pop(frame["stream"], {})
        asked = self._asked.pop(frame.get("ref", 0), None)
        if asked is not None:
            return _confirmation(asked)
        if frame.get("reason") == UNCHECKED:
            return Outcome(close=SERVICE_RESTART)
        end = {"event": "unsubscribe", "subscription": frame["stream"], "error": UNAUTHORIZED}
        return _answer({**end, **extra})

    def _take_reply(self, frame: Frame, now: float) -> Outcome:
        asked = self._asked.pop(frame["ref"])
        return Outcome() if frame["data"] is None else _confirmation(asked, frame["data"])

    def _take_event(self, frame: Frame, now: float) -> Outcome:
        if frame["name"] == PRESENCE_EVENT:
            return Outcome()  # Its data is ours, and no message of the application.
        message = {"event": "message", "subscription": frame["stream"], "data": frame["data"]}
        times = {"published_at": _iso(frame["at"] / 1000), "sent_at": _iso(now)}
        return _answer({**message, **times, **frame.get("extra", {})})

    def _take_error(self, frame: Frame, now: float) -> Outcome:
        asked = self._asked.pop(frame.get("ref", 0), None)
        sentence: str = SENTENCES.get(frame["code"]) or frame["message"]
        if asked is None:
            return _answer({"status": "error", "error": sentence})
        return _refusal(asked, AUTH_FAILED if asked.event == "auth" else sentence)

    def _take_reset(self, frame: Frame, now: float) -> Outcome:
        """Have the client come back, since it knows no way to start a subscription again."""
        return Outcome(close=SERVICE_RESTART)

    def _take_bye(self, frame: Frame, now: float) -> Outcome:
        """Answer what has no answer yet, where the server takes nobody without a login."""
        if frame["code"] not in NO_LOGIN:
            return Outcome()
        answers = [_refusal(asked, AUTH_FAILED) for asked in self._pop("auth")]
        answers += [_refusal(asked, AUTH_REQUIRED) for asked in self._pop("subscribe")]
        return Outcome(to_client=[text for answer in answers for text in answer.to_client])

    def _pop(self, event: str) -> list[Asked]:
        """Return the commands of this kind that have no answer, which they have got now."""
        refs = [ref for ref, asked in self._asked.items() if asked.event == event]
        return [self._asked.pop(ref) for ref in refs]

    _events: dict[str, Callable[[Translator, Frame], Outcome]] = {
        "auth": _auth,
        "subscribe": _subscribe,
        "message": _message,
        "unsubscribe": _unsubscribe,
        "ping": _ping,
    }
    _types: dict[str, Callable[[Translator, Frame, float], Outcome]] = {
        "welcome": _take_welcome,
        "ping": _take_ping,
        "subscribed": _take_subscribed,
        "unsubscribed": _take_unsubscribed,
        "reply": _take_reply,
        "event": _take_event,
        "error": _take_error,
        "reset": _take_reset,
        "bye": _take_bye,
    }


def _decoded(text: str | None) -> Frame:
    try:
        frame = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _topic(frame: Frame) -> str:
    """Return the subscription that a frame names, as far as that is text."""
    subscription = frame.get("subscription")
    return subscription if isinstance(subscription, str) else ""


def _is_legal(subscription: str) -> bool:
    """Tell whether a subscription is a service and a topic, and can be a stream's name."""
    service, _, topic = subscription.partition(".")
    return bool(service and topic and STREAM_NAME.fullmatch(subscription))


def _answer(frame: Frame) -> Outcome:
    return Outcome(to_client=[encode(frame)])


def _confirmation(asked: Asked, data: Any = None) -> Outcome:
    more = {} if data is None else {"data": data}
    return _answer({"event": asked.event, "status": "ok", **_about(asked), **more})


def _refusal(asked: Asked, sentence: str) -> Outcome:
    return _answer({"event": asked.event, "status": "error", "error": sentence, **_about(asked)})


def _about(asked: Asked) -> Frame:
    about = {"subscription": asked.subscription} if asked.subscription else {}
    return {**asked.extra, **about}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

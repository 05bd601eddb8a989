"""Answers what other processes ask about the sockets and the streams of this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.access.user_sockets import UserSocket, user_sockets
from realtime.concurrency.per_loop import PerLoop
from realtime.fanout.hub import running_hub
from realtime.layer.questions import FOLLOWERS, SOCKETS
from realtime.subscriptions.control import running_controls

MAX_SOCKETS = 1000
"""Sockets in one answer; a page shows 100."""


class Answers:
    """Answers the questions that come to one event loop, from its first socket on."""

    def __init__(self) -> None:
        self._hub = running_hub()
        self._controls = running_controls()
        self._hub.answer(SOCKETS, self._sockets)
        self._hub.answer(FOLLOWERS, self._followers)

    def _sockets(self, about: Mapping[str, Any]) -> dict[str, Any]:
        return {one.id: self._described(one) for one in _asked_for(about)[:MAX_SOCKETS]}

    def _described(self, socket: UserSocket) -> dict[str, Any]:
        return {
            "user": socket.login.me,
            "latency": socket.latency,
            "streams": self._controls.streams_of(socket.id),
        }

    def _followers(self, about: Mapping[str, Any]) -> dict[str, int]:
        return {name: count for name in about["streams"] if (count := self._hub.followers(name))}


def _asked_for(about: Mapping[str, Any]) -> list[UserSocket]:
    if "users" in about:
        return [socket for me in about["users"] for socket in user_sockets().of_user(me)]
    ids = set(about["ids"])
    return [socket for socket in user_sockets().all() if socket.id in ids]


_answers = PerLoop(Answers)


def running_answers() -> Answers:
    """Return what answers in the running event loop."""
    return _answers.current()

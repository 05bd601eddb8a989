"""What this process answers when others ask about its sockets: one for each event loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.access.user_sockets import UserSocket, user_sockets
from realtime.concurrency.per_loop import PerLoop
from realtime.fanout.hub import running_hub
from realtime.layer.questions import FOLLOWERS, SOCKETS
from realtime.recorder.handed import answer_handed
from realtime.recorder.nobody import running_nobody_watch
from realtime.recorder.recorder import running_recorder
from realtime.subscriptions.control import running_controls

MAX_SOCKETS = 1000
"""Sockets in one answer; a page shows 100."""


class Answering:
    """Answers about the sockets of this loop, and has somebody ask which events nobody got."""

    def __init__(self) -> None:
        self._hub = running_hub()
        self._controls = running_controls()
        self._hub.answer("lives", running_recorder().answer_lives)
        self._hub.answer("handed", answer_handed)
        self._hub.answer(SOCKETS, self._sockets)
        self._hub.answer(FOLLOWERS, self._followers)
        running_nobody_watch()

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


_answering = PerLoop(Answering)


def running_answering() -> Answering:
    """Return what answers in the running event loop; the first call begins it."""
    return _answering.current()

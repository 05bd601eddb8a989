"""One question, from when it is asked until it is answered; and asking in a loop of its own.

Code without a hub asks in a loop that ends with the question: layers for Redis never forget a loop
that goes on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from realtime.exceptions import LinkFault
from realtime.layer import backends, fields, greenlets
from realtime.layer.groups import every_hub
from realtime.layer.link import drop_layer
from realtime.layer.messages import Message
from realtime.layer.question_messages import (
    QUESTION_TYPE,
    Answers,
    about_as_json,
    is_question_or_answer,
)
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

SEND_WITHIN = 2.0
"""Seconds that the layer may take to carry a question or a part of an answer."""


class Asking:
    """One question, from when it is asked until it is answered."""

    def __init__(
        self,
        kind: str,
        about: Mapping[str, Any],
        within: float,
        expected: Collection[str] | None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.kind = fields.text("kind", kind)
        self.answers = Answers(expected)
        self._within = within
        self._about = about_as_json(about)
        self._is_complete = asyncio.Event()

    def take(self, message: Message) -> None:
        """Take a part of an answer."""
        self.answers.take(message)
        if self.answers.is_complete:
            self._is_complete.set()

    async def ask(self, layer: Any, reply: str) -> None:
        """Send the question, and wait for the answers that go to the channel ``reply``."""
        question = {"id": self.id, "kind": self.kind, "about": self._about, "reply": reply}
        message = {"type": QUESTION_TYPE, **question}
        await twice(partial(layer.group_send, every_hub(), message))
        if not self.answers.is_complete:
            await asyncio.wait(
                {waiting := asyncio.create_task(self._is_complete.wait())}, timeout=self._within
            )
            waiting.cancel()

    def failed(self, error: Exception) -> None:
        """Log that the layer failed."""
        logger.error("question failed kind=%s error=%r", self.kind, error)


async def twice(send: Callable[[], Any]) -> None:
    """Send, and again after an error: redis-py 8 finds an ended connection when it uses it."""
    async with asyncio.timeout(SEND_WITHIN):
        try:
            await send()
        except Exception as error:
            logger.info("question or answer repeated error=%r", error, extra=LIMITED)
            await send()


def ask_in_own_loop(asking: Asking) -> dict[str, Any]:
    if greenlets.replace_threads():
        return greenlets.run_apart(lambda: _run(asking))
    return _run(asking)


def _run(asking: Asking) -> dict[str, Any]:
    """Ask in a loop that the thread does not keep as its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_ask_with_own_layer(asking))


async def _ask_with_own_layer(asking: Asking) -> dict[str, Any]:
    backends.on_complaint.set(lambda complaint: asking.failed(LinkFault(complaint)))
    reader = None
    layer = None
    try:
        layer = backends.own_layer()
        backends.watch_complaints_of(layer)
        async with asyncio.timeout(SEND_WITHIN):
            channel = await layer.new_channel()
        reader = asyncio.create_task(_read(layer, channel, asking))
        await asking.ask(layer, channel)
    except Exception as error:
        asking.failed(error)
    finally:
        if layer is not None:
            await drop_layer(layer, reader)
    return asking.answers.by_process


async def _read(layer: Any, channel: str, asking: Asking) -> None:
    while True:
        try:
            message = await layer.receive(channel)
        except Exception as error:
            if backends.is_receive_timeout(error) or backends.is_unreadable(error):
                await asyncio.sleep(0)
                continue
            asking.failed(error)
            return
        if is_question_or_answer(message) and message.get("question") == asking.id:
            asking.take(message)

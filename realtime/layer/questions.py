"""Questions to all processes, by the channel layer, and what has come of answers in time.

A question goes to the group of all hubs. Each process that knows about its kind sends the answer to
the channel that the question names. Messages may be lost, so an answer may be missing.

A loop with a hub asks by the hub's own link, other code in a loop of its own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from realtime.concurrency.per_loop import PerLoop, in_event_loop
from realtime.exceptions import LinkFault
from realtime.layer import backends
from realtime.layer.asking import Asking, ask_in_own_loop, twice
from realtime.layer.messages import Message
from realtime.layer.question_messages import ANSWER_TYPE, Question, answer_messages, question_in
from realtime.layer.shards import Link
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

SOCKETS = "sockets"
"""Asks for open sockets: those with ``ids``, or those of ``users``, by their own streams."""
FOLLOWERS = "followers"
"""Asks how many sockets follow each of ``streams``."""

WITHIN = 1.0
"""Seconds that answers are waited for."""

Answerer = Callable[[Mapping[str, Any]], Any]
"""Gets what a question is about; returns what JSON can hold, or None for no answer.

One that takes longer is async, and lets others have their turn.
"""


async def aask(
    kind: str,
    about: Mapping[str, Any],
    *,
    within: float = WITHIN,
    expected: Collection[str] | None = None,
) -> dict[str, Any]:
    """Ask all processes, from async code; returns the answers that came, by process.

    ``kind`` says who answers, and ``about`` goes to them, as JSON. Answers are waited for
    ``within`` seconds, or until all processes that are ``expected`` have answered.

    Raises ``TypeError`` or ``ValueError`` for what can't be asked. A layer that fails is logged,
    and is like one by which nobody answered.
    """
    asking = Asking(kind, about, within, expected)
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        home = _running_home(layer)
        if home is None:
            return {}
        if home is not asyncio.get_running_loop():
            answering = asyncio.run_coroutine_threadsafe(_questions_of_loop(asking), home)
            return await asyncio.wrap_future(answering)
    if _questions.current().is_linked:
        return await _questions.current().ask(asking)
    return await asyncio.to_thread(ask_in_own_loop, asking)


def ask(
    kind: str,
    about: Mapping[str, Any],
    *,
    within: float = WITHIN,
    expected: Collection[str] | None = None,
) -> dict[str, Any]:
    """Ask all processes, from sync code, in any thread; see ``aask``.

    Raises ``RuntimeError`` in a running event loop (``aask`` is for that).
    """
    if in_event_loop():
        raise RuntimeError("ask() was called in an event loop: await aask() there.")
    asking = Asking(kind, about, within, expected)
    layer = get_channel_layer()
    if not isinstance(layer, InMemoryChannelLayer):
        return ask_in_own_loop(asking)
    home = _running_home(layer)
    if home is None:
        return {}
    return asyncio.run_coroutine_threadsafe(_questions_of_loop(asking), home).result()


class Questions:
    """The questions that one event loop asks, and those of others that it answers."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._answerers: dict[str, Answerer] = {}
        self._asked: dict[str, Asking] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def is_linked(self) -> bool:
        """Whether a hub passes on what comes by its link."""
        return self._link is not None

    def use(self, link: Link) -> None:
        """Ask by a link, whose messages go to ``take`` from now on."""
        self._link = link

    def answer(self, kind: str, answerer: Answerer) -> None:
        """Answer the questions of a kind; ``answerer`` runs in this loop, and must not block."""
        self._answerers[kind] = answerer

    def take(self, message: Message) -> None:
        """Take a question, or a part of an answer to one that was asked here."""
        if message["type"] == ANSWER_TYPE:
            asking = self._asked.get(str(message.get("question")))
            if asking is not None:  # Otherwise the answer came late.
                asking.take(message)
        elif (question := question_in(message)) is not None:
            self._answer(question)

    async def ask(self, asking: Asking) -> dict[str, Any]:
        """Ask by the link."""
        assert self._link is not None
        self._asked[asking.id] = asking
        try:
            if (channel := self._link.channel) is None:
                raise LinkFault("the channel layer is down")
            await asking.ask(get_channel_layer(), channel)
        except Exception as error:
            asking.failed(error)
        finally:
            del self._asked[asking.id]
        return asking.answers.by_process

    def _answer(self, question: Question) -> None:
        answerer = self._answerers.get(question.kind)
        if answerer is None:
            return  # Another process may know, such as one of a later version.
        answering = asyncio.create_task(_answer(question, answerer))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)


_questions = PerLoop(Questions)


def running_questions() -> Questions:
    """Return the questions of the running event loop."""
    return _questions.current()


async def _answer(question: Question, answerer: Answerer) -> None:
    layer = get_channel_layer()
    assert layer is not None  # The question came by it.
    try:
        answer = answerer(question.about)
        if inspect.isawaitable(answer):
            answer = await answer
        for part in [] if answer is None else answer_messages(question, answer):
            await twice(partial(layer.send, question.reply, part))
            await asyncio.sleep(0)  # In memory, the asker reads in this same loop.
    except Exception as error:
        logger.error("not answered kind=%s error=%r", question.kind, error, extra=LIMITED)


async def _questions_of_loop(asking: Asking) -> dict[str, Any]:
    return await _questions.current().ask(asking)


def _running_home(layer: InMemoryChannelLayer) -> asyncio.AbstractEventLoop | None:
    """Return the loop of the only hub that an in-memory layer has, if it runs."""
    home = backends.home_loop(layer)
    return home if home is not None and home.is_running() else None

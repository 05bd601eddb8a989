"""Questions to all processes, by the channel layer, and what has come of answers in time.

A question goes to the group of all hubs. Each process that knows about its kind sends the answer to
the channel that the question names. Messages may be lost, so an answer may be missing.

A loop with a hub asks by the hub's own link. Other code asks in a loop of its own, which ends with
the question: layers for Redis never forget a loop that goes on.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, NamedTuple

from channels.layers import InMemoryChannelLayer, get_channel_layer

from realtime.concurrency.per_loop import PerLoop, in_event_loop
from realtime.concurrency.process import process_id
from realtime.exceptions import LinkFault
from realtime.layer import backends, fields, greenlets
from realtime.layer.groups import every_hub
from realtime.layer.link import drop_layer
from realtime.layer.messages import Message
from realtime.layer.shards import Link
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

QUESTION_TYPE = "realtime.question"
"""The type of a message that asks; its ``kind`` says about what."""
ANSWER_TYPE = "realtime.answer"
"""The type of a message with a part of an answer."""

SOCKETS = "sockets"
"""Asks for open sockets: those with ``ids``, or those of ``users``, by their own streams."""
FOLLOWERS = "followers"
"""Asks how many sockets follow each of ``streams``."""

WITHIN = 1.0
"""Seconds that answers are waited for."""
SEND_WITHIN = 2.0
"""Seconds that the layer may take to carry a question or a part of an answer."""

MAX_ABOUT = 64 * 1024
"""Characters of JSON that say what a question is about."""
PART_SIZE = 64 * 1024
"""Characters of JSON in one part of an answer."""
MAX_PARTS = 64
"""Parts of one answer; layers hold 100 messages for one who reads."""
MAX_COLLECTED = 64 * 1024 * 1024
"""Characters of all answers to one question."""

Answerer = Callable[[Mapping[str, Any]], Any]
"""Gets what a question is about; returns what JSON can hold, or None for no answer.

One that takes longer is async, and lets others have their turn.
"""


class Question(NamedTuple):
    """What is asked, and where the answers go."""

    id: str
    kind: str
    about: Mapping[str, Any]
    reply: str


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
    asking = _Asking(kind, about, within, expected)
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
    return await asyncio.to_thread(_ask_in_own_loop, asking)


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
    asking = _Asking(kind, about, within, expected)
    layer = get_channel_layer()
    if not isinstance(layer, InMemoryChannelLayer):
        return _ask_in_own_loop(asking)
    home = _running_home(layer)
    if home is None:
        return {}
    return asyncio.run_coroutine_threadsafe(_questions_of_loop(asking), home).result()


def is_question_or_answer(message: Any) -> bool:
    """Tell whether a message of the layer is for ``Questions.take``."""
    return isinstance(message, dict) and message.get("type") in (QUESTION_TYPE, ANSWER_TYPE)


class Answers:
    """The answers to one question, as their parts come in any order."""

    def __init__(self, expected: Collection[str] | None = None) -> None:
        self.by_process: dict[str, Any] = {}
        self._parts: dict[str, dict[int, str]] = {}
        self._missing = None if expected is None else set(expected)
        self._size = 0

    @property
    def is_complete(self) -> bool:
        """Whether all have answered who were expected to; never where nobody said who."""
        return self._missing is not None and not self._missing

    def take(self, message: Message) -> None:
        """Take a part of an answer; what is malformed is dropped, with one line in the log."""
        try:
            self._take(message)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            logger.error("answer dropped error=%.500r", error, extra=LIMITED)

    def _take(self, message: Message) -> None:
        process = fields.text("process", message["process"])
        part, of, text = message["part"], message["of"], message["text"]
        if type(part) is not int or type(of) is not int or not 0 <= part < of <= MAX_PARTS:
            raise ValueError(f"part and of are whole numbers, up to {MAX_PARTS}")
        if not isinstance(text, str) or len(text) > PART_SIZE:
            raise ValueError(f"text is at most {PART_SIZE} characters")
        if self._size + len(text) > MAX_COLLECTED:
            raise ValueError(f"answers are at most {MAX_COLLECTED} characters together")
        self._size += len(text)
        parts = self._parts.setdefault(process, {})
        parts[part] = text
        if process not in self.by_process and len(parts) == of:
            self.by_process[process] = json.loads("".join(parts[n] for n in range(of)))
            if self._missing is not None:
                self._missing.discard(process)


class _Asking:
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
        self._about = _json(dict(about))
        self._is_complete = asyncio.Event()
        if len(self._about) > MAX_ABOUT:
            raise ValueError(f"A question is at most {MAX_ABOUT} characters, not these.")

    def take(self, message: Message) -> None:
        """Take a part of an answer."""
        self.answers.take(message)
        if self.answers.is_complete:
            self._is_complete.set()

    async def ask(self, layer: Any, reply: str) -> None:
        """Send the question, and wait for the answers that go to the channel ``reply``."""
        question = {"id": self.id, "kind": self.kind, "about": self._about, "reply": reply}
        message = {"type": QUESTION_TYPE, **question}
        await _twice(partial(layer.group_send, every_hub(), message))
        if not self.answers.is_complete:
            await asyncio.wait(
                {waiting := asyncio.create_task(self._is_complete.wait())}, timeout=self._within
            )
            waiting.cancel()

    def failed(self, error: Exception) -> None:
        """Log that the layer failed."""
        logger.error("question failed kind=%s error=%r", self.kind, error)


class Questions:
    """The questions that one event loop asks, and those of others that it answers."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._answerers: dict[str, Answerer] = {}
        self._asked: dict[str, _Asking] = {}
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

    async def ask(self, asking: _Asking) -> dict[str, Any]:
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


def question_in(message: Message) -> Question | None:
    """Read a question; None for what is malformed, which is dropped with one line in the log."""
    try:
        about = message["about"]
        if not isinstance(about, str) or len(about) > MAX_ABOUT:
            raise TypeError(f"about is text of at most {MAX_ABOUT} characters")
        about = json.loads(about)
        if not isinstance(about, dict):
            raise TypeError("about is no JSON object")
        texts = {name: fields.text(name, message[name]) for name in ("id", "kind", "reply")}
        return Question(about=about, **texts)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        logger.error("question dropped error=%.500r", error, extra=LIMITED)
        return None


def answer_messages(question: Question, answer: Any) -> list[Message]:
    """Return the messages with the parts of an answer; raises ``ValueError`` for too large a one.

    Raises ``TypeError`` or ``ValueError`` for what JSON can't hold.
    """
    text = _json(answer)
    texts = [text[start : start + PART_SIZE] for start in range(0, len(text), PART_SIZE)]
    if len(texts) > MAX_PARTS:
        raise ValueError(f"an answer is at most {PART_SIZE * MAX_PARTS} characters")
    about = {"type": ANSWER_TYPE, "question": question.id, "process": process_id()}
    return [{**about, "part": n, "of": len(texts), "text": one} for n, one in enumerate(texts)]


async def _answer(question: Question, answerer: Answerer) -> None:
    layer = get_channel_layer()
    assert layer is not None  # The question came by it.
    try:
        answer = answerer(question.about)
        if inspect.isawaitable(answer):
            answer = await answer
        for part in [] if answer is None else answer_messages(question, answer):
            await _twice(partial(layer.send, question.reply, part))
            await asyncio.sleep(0)  # In memory, the asker reads in this same loop.
    except Exception as error:
        logger.error("not answered kind=%s error=%r", question.kind, error, extra=LIMITED)


async def _twice(send: Callable[[], Any]) -> None:
    """Send, and again after an error: redis-py 8 finds an ended connection when it uses it."""
    async with asyncio.timeout(SEND_WITHIN):
        try:
            await send()
        except Exception as error:
            logger.info("question or answer repeated error=%r", error, extra=LIMITED)
            await send()


async def _questions_of_loop(asking: _Asking) -> dict[str, Any]:
    return await _questions.current().ask(asking)


def _running_home(layer: InMemoryChannelLayer) -> asyncio.AbstractEventLoop | None:
    """Return the loop of the only hub that an in-memory layer has, if it runs."""
    home = backends.home_loop(layer)
    return home if home is not None and home.is_running() else None


def _ask_in_own_loop(asking: _Asking) -> dict[str, Any]:
    if greenlets.replace_threads():
        return greenlets.run_apart(lambda: _run(asking))
    return _run(asking)


def _run(asking: _Asking) -> dict[str, Any]:
    """Ask in a loop that the thread does not keep as its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_ask_with_own_layer(asking))


async def _ask_with_own_layer(asking: _Asking) -> dict[str, Any]:
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


async def _read(layer: Any, channel: str, asking: _Asking) -> None:
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


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))

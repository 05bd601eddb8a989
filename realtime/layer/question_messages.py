"""The channel layer's questions and answers: the one file that writes and reads them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from realtime.concurrency.process import process_id
from realtime.layer import fields
from realtime.layer.messages import Message
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

QUESTION_TYPE = "realtime.question"
"""The type of a message that asks; its ``kind`` says about what."""
ANSWER_TYPE = "realtime.answer"
"""The type of a message with a part of an answer."""

MAX_ABOUT = 64 * 1024
"""Characters of JSON that say what a question is about."""
PART_SIZE = 64 * 1024
"""Characters of JSON in one part of an answer."""
MAX_PARTS = 64
"""Parts of one answer; layers hold 100 messages for one who reads."""
MAX_COLLECTED = 64 * 1024 * 1024
"""Characters of all answers to one question."""


class Question(NamedTuple):
    """What is asked, and where the answers go."""

    id: str
    kind: str
    about: Mapping[str, Any]
    reply: str


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


def is_question_or_answer(message: Any) -> bool:
    """Tell whether a message of the layer is one of these."""
    return isinstance(message, dict) and message.get("type") in (QUESTION_TYPE, ANSWER_TYPE)


def about_as_json(about: Mapping[str, Any]) -> str:
    """Return what a question is about as its message carries it.

    Raises ``TypeError`` or ``ValueError`` for what JSON can't hold, or for too much.
    """
    text = _json(dict(about))
    if len(text) > MAX_ABOUT:
        raise ValueError(f"A question is at most {MAX_ABOUT} characters, not these.")
    return text


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


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))

"""The words for the simulated company: what people do, and how it misbehaves.

One table serves the panel of the desk, the help of ``manage.py simulate`` and the documents.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from calls.simulator import faults, incoming
from calls.simulator.faults import Fault


class Word(NamedTuple):
    """A word, what happens after it, and how to make it happen."""

    word: str
    sentence: str
    obey: Callable[[datetime], object]


class UnknownWord(Exception):
    """There is no such word; the text names those that there are."""


def _fault(fault: Fault, sentence: str) -> Word:
    return Word(fault, sentence, lambda now: faults.add(fault))


WORDS = (
    Word("behave", "The company does everything right again.", lambda now: faults.clear()),
    _fault(Fault.LOSE_ANSWERED, "The next webhook about an answered phone is lost."),
    _fault(Fault.LOSE_FINALS, "All webhooks about the end of a call or a leg are lost."),
    _fault(Fault.TWICE, "Each status callback comes twice."),
    _fault(Fault.LATE, "Each status callback comes 10 s late."),
    _fault(Fault.REST_ERROR, "The company answers each question and order with an error 500."),
    _fault(Fault.REST_TIMEOUT, "The company does what it is asked for, and doesn't answer."),
    _fault(Fault.REST_LOST, "The company doesn't get what it is asked for, and doesn't answer."),
    Word("caller-hangs-up", "The newest caller hangs up.", incoming.caller_hangs_up),
    Word("two-agents", "Two phones that ring are picked up together.", incoming.two_pick_up),
)


def in_force() -> list[str]:
    """Return the words after which the company misbehaves now."""
    active = faults.active()
    return [one.word for one in WORDS if one.word in active]


def obey(word: str, now: datetime) -> str:
    """Do what a word says, and return its sentence.

    Raises ``UnknownWord``, and ``NobodyThere`` for a word that needs a call.
    """
    found = next((one for one in WORDS if one.word == word), None)
    if found is None:
        raise UnknownWord(f"There is no word {word!r}; say {', '.join(one.word for one in WORDS)}.")
    found.obey(now)
    return found.sentence

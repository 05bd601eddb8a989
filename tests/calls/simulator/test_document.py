"""docs/simulator.md says what the company does."""

import re
from pathlib import Path

from calls.simulator.people import NUMBERS
from calls.simulator.twiml import _READERS
from calls.simulator.words import WORDS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()


def test_the_words() -> None:
    table = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", DOCUMENT, re.M)
    assert table == [(one.word, one.sentence) for one in WORDS]


def test_the_numbers() -> None:
    assert set(re.findall(r"`(\+\d+)`", DOCUMENT)) == set(NUMBERS)


def test_the_verbs() -> None:
    assert {f"<{verb}>" for verb in _READERS} <= set(re.findall(r"`(<\w+>)`", DOCUMENT))

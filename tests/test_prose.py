"""The prose of code and documents does without some words, for which there are plainer ones."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[1]
FOLDERS = (
    "realtime",
    "calls",
    "project",
    "examples",
    "benchmarks",
    "tests",
    "docs",
    "release",
)
PLACES = (*FOLDERS, *sorted(path.name for path in PROJECT.glob("*.md")))
KINDS = {".py", ".js", ".mjs", ".ts", ".html", ".css", ".md"}
NOT_OURS = {"node_modules", ".venv", ".venv-socketshark", "results", "test_prose.py"}


class Word(NamedTuple):
    """A word that is out, as a regular expression; a space in it is any gap, a ``_`` too."""

    out: str
    instead: str
    places: tuple[str, ...] = PLACES


WORDS = (
    Word("whoever", "a user who, a client that"),
    Word("anew", "again, a new one"),
    Word("for ever", "forever, or a word for what stays"),
    Word("(is|are|was|were|be|been|being) told", "name the one who says, sends or shows it"),
    Word("hears? of|heard of", "notices, gets"),
    Word("at once", "immediately, or together"),
    Word("(let|lets|letting) go of", "drops, releases"),
    Word("farewells?|leavers?", "drain, drainable"),
    Word("pok(e|es|ed|ing)", "probe"),
    Word("stands? down|standing down", "bypass"),
    Word("looked at", "checked_at"),
    Word("(?-i:MOST|FEW|TOGETHER|LARGE)", "MAX_..., BATCH_..."),
    Word("rings?|ringing|rang|rung|aring", "broadcast: only telephones ring", ("realtime",)),
)


def files(place: str) -> Iterator[Path]:
    """Yield the files of a place that people read."""
    top = PROJECT / place
    for path in [top] if top.is_file() else sorted(top.rglob("*")):
        name = path.relative_to(PROJECT)
        ours = path.suffix in KINDS and not NOT_OURS & set(name.parts)
        if ours:
            yield path


def any_of(words: Iterable[Word]) -> re.Pattern[str]:
    """Return a pattern of words, which may go on in the next comment."""
    out = "|".join(word.out for word in words).replace(" ", r"[\s_#*/]+")
    # All begin with a letter; where there is none, that is seen fastest.
    return re.compile(rf"(?<![^\W_])(?=[a-z])({out})(?![^\W_])", re.I)


def lines_with(word: Word, text: str) -> list[int]:
    """Return the numbers of the lines in which a word begins."""
    found = any_of([word]).finditer(text)
    return [text.count("\n", 0, match.start()) + 1 for match in found]


@pytest.mark.parametrize("place", PLACES)
def test_plain_words(place: str) -> None:
    words = [word for word in WORDS if place in word.places]
    has_any = any_of(words).search
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {word.out!r} is out; say: {word.instead}"
        for path in files(place)
        if has_any(text := path.read_text())
        for word in words
        for number in lines_with(word, text)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    "text",
    ["At once", "def ends_at_once():", "at\n    once", "# is done at\n# once", " * at\n * once"],
)
def test_a_word_is_found_in_prose_names_and_comments(text: str) -> None:
    assert lines_with(Word("at once", ""), text)


@pytest.mark.parametrize("text", ["that once", "at onces", "atonce"])
def test_other_words_are_not_found(text: str) -> None:
    assert not lines_with(Word("at once", ""), text)

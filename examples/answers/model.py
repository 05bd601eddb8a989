"""In place of a language model: it yields a word now and then."""

import time
from collections.abc import Iterator

ANSWER = (
    "You asked: {question} I am not a model. I am a list of words with a pause after each of them. "
    "Every word is an event of this answer's stream, and the log keeps them in their order. Load "
    "this page again while I speak: it gets all words from the first one, and then those that are "
    "still to come. Pull the cable, and plug it in again: nothing is missing, and nothing comes "
    "twice. When I have finished, the whole text is in the database."
)


def words(question: str) -> Iterator[str]:
    for word in ANSWER.format(question=question).split():
        time.sleep(0.04)
        yield f"{word} "

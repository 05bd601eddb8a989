"""Says once what a newcomer has to change: one warning in the log for each kind of mistake."""

from __future__ import annotations

import logging

__all__ = ["hint"]

_said: set[tuple[str, str]] = set()


def hint(logger: logging.Logger, sentence: str, *values: object, kind: str = "") -> None:
    """Log ``sentence`` as a warning, the first time in this process.

    ``values`` are put into it as ``logging`` does. Sentences of one ``kind``, such as a stream's
    prefix, count apart.
    """
    if (sentence, kind) not in _said:
        _said.add((sentence, kind))
        logger.warning(sentence, *values)


def forget() -> None:
    """Say all again, for tests."""
    _said.clear()

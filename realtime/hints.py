"""Says once what a newcomer has to change: one warning in the log for each kind of mistake."""

from __future__ import annotations

import logging

__all__ = ["hint"]

MAX_KINDS = 20
"""Kinds of one sentence that are said; a client makes up as many prefixes as it likes."""

_said: dict[str, set[str]] = {}


def hint(logger: logging.Logger, sentence: str, *values: object, kind: str = "") -> None:
    """Log ``sentence`` as a warning, the first time in this process.

    ``values`` are put into it as ``logging`` does. Sentences of one ``kind``, such as a stream's
    prefix, count apart, up to ``MAX_KINDS`` of them.
    """
    kinds = _said.setdefault(sentence, set())
    if kind not in kinds and len(kinds) < MAX_KINDS:
        kinds.add(kind)
        logger.warning(sentence, *values)


def forget() -> None:
    """Say all again, for tests."""
    _said.clear()

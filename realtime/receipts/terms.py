"""What ``publish`` was asked to do where nobody receives an event; checked when it is called."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

MAX_PATH = 200
"""Characters of the longest dotted path."""

MAX_WITHIN = 30 * 86400
"""Seconds of the longest deadline."""


class Terms(NamedTuple):
    """The seconds of a deadline, and the dotted path of a function, "" for none."""

    within: float
    otherwise: str


def terms_of(within: float | None, otherwise: str | None) -> Terms | None:
    """Return what is to hold, None where there is no deadline.

    Raises ``ValueError`` for what can't be a deadline, or a function that can't be imported.
    """
    if within is None:
        if otherwise is not None:
            raise ValueError("otherwise needs within: the seconds after which it is called.")
        return None
    if isinstance(within, bool) or not isinstance(within, int | float):
        raise ValueError(f"within is a number of seconds, not {within!r}.")
    if not 0 < within <= MAX_WITHIN or math.isnan(within):
        raise ValueError(f"within is above 0 and at most {MAX_WITHIN} seconds, not {within!r}.")
    if otherwise is not None:
        _require_function(otherwise)
    return Terms(float(within), otherwise or "")


def function_at(path: str) -> Callable[..., Any]:
    """Return the function with a dotted path; raises ``ValueError`` where there is none."""
    try:
        function: Any = import_string(path)
    except ImportError as error:
        raise ValueError(f"otherwise={path!r} can't be imported: {error}.") from error
    if not callable(function):
        raise ValueError(f"otherwise={path!r} is no function.")
    return function  # type: ignore[no-any-return]


def _require_function(path: Any) -> None:
    if not isinstance(path, str):
        raise ValueError(f"otherwise is the dotted path of a function, as text, not {path!r}.")
    if len(path) > MAX_PATH:
        raise ValueError(f"otherwise has at most {MAX_PATH} characters, not {len(path)}.")
    function_at(path)

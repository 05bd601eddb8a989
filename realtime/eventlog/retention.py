"""How much of a stream is kept: by the setting ``RETENTION``, or as the stream's class says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from realtime.conf import realtime_settings


class Retention(NamedTuple):
    """The newest ``max_count`` events of a stream are kept, for ``max_age`` seconds."""

    max_count: int
    max_age: int


_own: dict[str, Mapping[str, int]] = {}
"""What classes say, by the prefix of their streams: ``COUNT``, ``AGE``, or both."""


def set_retention(prefix: str, own: Mapping[str, int] | None) -> None:
    """Keep the streams named ``prefix.<key>`` as ``own`` says; None keeps them by the setting."""
    if own:
        _own[prefix] = own
    else:
        _own.pop(prefix, None)


def default_retention() -> Retention:
    """Return what the setting says."""
    setting = realtime_settings().RETENTION
    return Retention(setting["COUNT"], setting["AGE"])


def own_retentions() -> dict[str, Retention]:
    """Return what is kept of the streams whose classes say so themselves, by prefix."""
    return {prefix: _merged(own) for prefix, own in _own.items()}


def retention_of(stream: str) -> Retention:
    """Return how much of a stream is kept."""
    return _merged(_own.get(stream.partition(".")[0], {}))


def _merged(own: Mapping[str, int]) -> Retention:
    default = default_retention()
    return Retention(own.get("COUNT", default.max_count), own.get("AGE", default.max_age))

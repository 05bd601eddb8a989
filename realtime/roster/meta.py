"""What is known about a user in a stream: a small object of JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

MAX_META = 1024
"""Bytes of JSON that may be kept about a user in a stream."""


def encoded_meta(meta: Any) -> str:
    """Return ``meta`` as JSON text in ASCII, which every store can keep.

    Raises ``TypeError`` for what is no dict or can't be JSON, and ``ValueError`` for one of more
    than ``MAX_META`` bytes.
    """
    if not isinstance(meta, dict):
        raise TypeError(f"meta is a dict, not {meta!r}.")
    text = json.dumps(meta, cls=DjangoJSONEncoder, allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_META:
        raise ValueError(f"meta has at most {MAX_META} bytes of JSON, not {len(text)}.")
    return text

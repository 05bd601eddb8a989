"""The name of this process, as other processes know it; a forked child has another one."""

from __future__ import annotations

import os
import uuid

_id = uuid.uuid4().hex


def process_id() -> str:
    """Return 32 hexadecimal digits that no other process has."""
    return _id


def _begin_as_child() -> None:
    global _id
    _id = uuid.uuid4().hex


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_begin_as_child)

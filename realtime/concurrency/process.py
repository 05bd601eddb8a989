"""The names by which other processes know this one; a forked child has others.

A second event loop in a process has sockets, leases and answers to questions of its own, as another
process has. So it has a name of its own, too, or one loop would speak for the sockets of both.
"""

from __future__ import annotations

import os
import uuid

from realtime.concurrency.per_loop import PerLoop

_id = uuid.uuid4().hex
_unused = [_id]
"""The name of the process, until its first event loop takes it."""


def process_id() -> str:
    """Return 32 hexadecimal digits that no other process has, and no other event loop.

    The first loop has the name of its process, which is also returned where no loop runs.
    """
    try:
        return _of_loops.current()
    except RuntimeError:
        return _id


def whole_process_id() -> str:
    """Return the name of the process with all of its event loops."""
    return _id


def _next_name() -> str:
    try:
        return _unused.pop()
    except IndexError:
        return uuid.uuid4().hex


_of_loops = PerLoop(_next_name)


def _begin_as_child() -> None:
    global _id, _unused, _of_loops
    _id = uuid.uuid4().hex
    _unused = [_id]
    _of_loops = PerLoop(_next_name)


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_begin_as_child)

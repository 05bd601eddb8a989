"""Ends a server with SIGTERM, and watches from outside what becomes of a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from realtime.doctor.outside.browser import SocketEnded, Visitor
from realtime.doctor.outside.conversation import greeting_of
from realtime.doctor.rules.drain import Drained

BYE_WITHIN = 10.0
END_WITHIN = 35.0
"""Seconds, more than most orchestrators give."""

NAP = 0.05


async def end_and_watch(visitor: Visitor, pid: int) -> Drained:
    """Send SIGTERM to a process of this machine, which must serve the visitor's address.

    Raises ``ProcessLookupError`` or ``PermissionError`` where it can't be ended.
    """
    clock = asyncio.get_running_loop().time
    bye, said, signs = None, None, ""
    async with visitor.socket() as socket:
        await greeting_of(socket, 0)
        os.kill(pid, signal.SIGTERM)
        began = clock()
        try:
            async with asyncio.timeout(BYE_WITHIN):
                arrival = await socket.frame("bye")
            bye, said = arrival.message, arrival.at - began
        except TimeoutError:
            pass
        except SocketEnded as reason:
            signs = reason.end.signs
    ended = await asyncio.to_thread(_seconds_until_end, pid)
    return Drained(bye, said, None if ended is None else clock() - began, signs)


def _seconds_until_end(pid: int) -> float | None:
    began = time.monotonic()
    while _runs(pid):
        if time.monotonic() - began > END_WITHIN:
            return None
        time.sleep(NAP)
    return time.monotonic() - began


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that only waits for its parent does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True  # No /proc here, or the process is another user's.
    return state != "Z"

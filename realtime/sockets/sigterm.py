"""SIGTERM, in each way in which a server takes it: held until a task is done, then passed on.

Daphne and Uvicorn, also in a Gunicorn worker, take it with ``signal.signal``. Granian, Hypercorn
and Gunicorn's own ASGI worker let their event loop call them. A process that has no handler (a
child of Hypercorn) dies of it. A second SIGTERM is never held.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from realtime.logs import get_logger

logger = get_logger(__name__)

LOOPS = ("asyncio", "uvloop")
"""The packages of event loops, which put a handler of their own before that of the server."""

Begin = Callable[[], "asyncio.Task[None]"]


def hold_sigterm(begin: Begin) -> None:
    """On SIGTERM call ``begin`` in the running event loop; the server gets it after that task."""
    if threading.current_thread() is not threading.main_thread():
        return  # Python hands signals to the main thread alone.
    handler = _handler_of_the_server()
    if handler is signal.SIG_IGN or handler is None:
        return
    package = str(getattr(handler, "__module__", "")).partition(".")[0]
    if package in LOOPS:
        LoopsSignal(begin).take_over()
    else:
        HandledSignal(handler, begin).take_over()
    logger.info("SIGTERM is taken over: sockets are drained before the server's own handler")


def _handler_of_the_server() -> Any:
    """Return the present handler, from below one of ours whose event loop has ended."""
    handler = signal.getsignal(signal.SIGTERM)
    while isinstance(handler, HandledSignal) and handler.is_over:
        handler = handler.handler
    return handler


class HandledSignal:
    """Stands before ``handler``, which is the server's function or ``SIG_DFL``."""

    def __init__(self, handler: Any, begin: Begin) -> None:
        self.handler = handler
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._has_come = False

    @property
    def is_over(self) -> bool:
        """Whether there is no loop any more in which something could begin."""
        return self._loop.is_closed()

    def take_over(self) -> None:
        """Get the signal from now on."""
        signal.signal(signal.SIGTERM, self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._has_come or self.is_over:
            self._pass_on()
        else:
            self._has_come = True
            self._loop.call_soon_threadsafe(self._hold)

    def _hold(self) -> None:
        self._begin().add_done_callback(lambda _: self._pass_on())

    def _pass_on(self) -> None:
        if callable(self.handler):
            self.handler(signal.SIGTERM, None)
        else:
            signal.signal(signal.SIGTERM, self.handler)
            signal.raise_signal(signal.SIGTERM)


class LoopsSignal:
    """Stands before an event loop, which reads from a socket which signals have come.

    The loop calls the server's function itself and shows it to nobody, so what is held is the byte
    that the loop reads.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._has_come = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def take_over(self) -> None:
        """Read the signals from now on, and let the loop have all but the first SIGTERM."""
        asyncio.get_running_loop().add_reader(self._reader, self._read)
        self._loops_fd = signal.set_wakeup_fd(self._writer.fileno())

    def _read(self) -> None:
        for number in self._reader.recv(4096):
            if number == signal.SIGTERM and not self._has_come:
                self._has_come = True
                self._begin().add_done_callback(lambda _: self._pass_on(signal.SIGTERM))
            else:
                self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        os.write(self._loops_fd, bytes([number]))

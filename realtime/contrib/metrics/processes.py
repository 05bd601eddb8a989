"""What the processes of this host have counted: one of them asks the others."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from realtime import counters
from realtime.concurrency.process import whole_process_id
from realtime.counters import Values
from realtime.fanout.hub import COUNTS
from realtime.layer.questions import aask

ANSWER_WITHIN = 1.0
"""Seconds that processes have to answer; Prometheus waits for ten."""

KEEP = 3600.0
"""Seconds for which a silent process is shown at most where another may have got its number."""


class KnownProcesses:
    """Those that have answered before, by their ids; ``born`` says which process has a number.

    ``clock`` is a steady one, in seconds.
    """

    def __init__(
        self, born: Callable[[int], str | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._born = born
        self._clock = clock
        self._known: dict[str, tuple[int, str | None, float]] = {}

    def silent(self, answered: Mapping[str, int]) -> list[str]:
        """Return those that run and have not answered; ``answered`` has the others' numbers."""
        now = self._clock()
        self._known = {
            process: (number, born, at)
            for process, (number, born, at) in self._known.items()
            if born is not None and self._born(number) == born and (born or now - at <= KEEP)
        }
        silent = [process for process in self._known if process not in answered]
        for process, number in answered.items():
            self._known[process] = number, self._born(number), now
        return silent


def birth(number: int) -> str | None:
    """Return when the process with this number on this host began, None where there is none.

    In the kernel's own unit; the text is empty where it doesn't say. A process that has ended is
    none, also where its parent has not taken notice of that yet.
    """
    if os.name != "posix":  # There, the signal 0 is one that ends a process.
        return None
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # It is another user's.
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return None if fields[0] in "ZX" else fields[19]


_known = KnownProcesses(birth)


async def counts_of_host() -> Mapping[str, Mapping[str, Values] | None]:
    """Return what each process of this host has counted; None for one that did not answer.

    Without a channel layer that works, that is this process alone.
    """
    found = await aask(COUNTS, {"host": socket.gethostname()}, within=ANSWER_WITHIN)
    # Each event loop answers, with what its whole process has counted.
    sound = {name: answer for name, answer in found.items() if _is_sound(answer)}
    answers = {answer.get("process", name): answer for name, answer in sound.items()}
    silent = _known.silent({process: answer["pid"] for process, answer in answers.items()})
    counts = {process: answer["counts"] for process, answer in answers.items()}
    return {**dict.fromkeys(silent), **counts, whole_process_id(): counters.read_all()}


def _is_sound(answer: Any) -> bool:
    """Tell whether an answer can be read; one of a later version may say it otherwise."""
    if not isinstance(answer, dict) or type(answer.get("pid")) is not int:
        return False
    if not isinstance(answer.get("process", ""), str):
        return False
    counts = answer.get("counts")
    return isinstance(counts, dict) and all(isinstance(one, dict) for one in counts.values())

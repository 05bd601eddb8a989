"""The machine: the job of each core, and the CPU time and memory of a process."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

SERVER_CORE = 0
"""The core of the server that is measured, which has it alone."""
LOAD_CORE = 1
"""The core of everything else: the clients, the publisher and Redis."""

OPEN_FILES = 18_000
"""Descriptors that the load has open while all servers run."""


def cpu_us(pid: int) -> float:
    """Return the CPU time in microseconds that all threads of a process have used.

    It is the kernel's own account in nanoseconds, on the clock that ``clock_getcpuclockid(3)``
    names; ``/proc/PID/stat`` rounds the same to 10 ms.
    """
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def pss_kib(pid: int) -> int:
    """Return the memory of a process in KiB, with its part of what it shares with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no Pss")


def prepare() -> None:
    """Bind this process and its children to the load's core, and raise the limit of open files.

    Raises ``SystemExit`` if the machine has too few cores or allows too few open files.
    """
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("The benchmarks need two cores: one for the server, one for the load.")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < OPEN_FILES:
        raise SystemExit(f"The benchmarks open {OPEN_FILES} files; raise the limit (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})

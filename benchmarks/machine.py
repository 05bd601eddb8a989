"""The machine: which core does what, and what a process has used of it."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

SERVER_CORE = 0
"""Where the server that is measured runs, alone."""
LOAD_CORE = 1
"""Where all else runs: the clients, the publisher and Redis."""

OPEN_FILES = 18_000
"""Descriptors that the load has open when all servers are up."""


def cpu_us(pid: int) -> float:
    """Return the CPU time in microseconds that all threads of a process have used.

    It is the kernel's own account in nanoseconds, on the clock that ``clock_getcpuclockid(3)``
    names; ``/proc/PID/stat`` rounds the same to 10 ms.
    """
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def pss_kib(pid: int) -> int:
    """Return the memory of a process in KiB, with its share of what it has in common."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no Pss")


def prepare() -> None:
    """Keep this process, and those that it starts, to the load's core, with enough descriptors.

    Raises ``SystemExit`` where the machine has not got what is needed.
    """
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("The benchmarks need two cores: one for the server, one for the load.")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < OPEN_FILES:
        raise SystemExit(f"The benchmarks open {OPEN_FILES} files; raise the limit (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})

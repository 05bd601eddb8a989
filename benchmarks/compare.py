"""Two revisions side by side, ``python -m benchmarks.compare REV``: what has become slower since.

Both serve in the same run and get their work in turns, so that the machine's speed affects both.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks import machine, peers, workloads
from benchmarks.peers import Peer
from benchmarks.plan import WORK
from benchmarks.results import Results
from benchmarks.running import running
from benchmarks.versions import about
from tests.processes.process import PROJECT

COMPARED = (peers.REALTIME, peers.REALTIME_LOG)
SOCKETS = 500
ROUNDS = 8
SECONDS = 1.0

METRICS = {
    "connect, CPU µs": "connect_us",
    "KiB a socket": "kib_a_socket",
    "a delivery to many, CPU µs": "fan_out_us",
    "direct, CPU µs": "direct_us",
    "alone, CPU µs": "single_us",
    "alone, p50 ms": "single_p50_ms",
    "p50 ms": "p50_ms",
    "p99 ms": "p99_ms",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("revision", help="what git calls the older one: a tag, a branch, a commit")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("picows").setLevel(logging.WARNING)
    machine.prepare()
    gc.disable()  # Else the load's own pauses would be measured.
    results = Results(about())
    with (
        tempfile.TemporaryDirectory(prefix="benchmarks-") as directory,
        checked_out(arguments.revision, Path(directory) / "then") as then,
    ):
        pairs = [(peer, _at(peer, then)) for peer in COMPARED]
        uvloop.run(measure(pairs, arguments.rounds, Path(directory), results))
    print(table(results, pairs))


@contextlib.contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """Check a revision out into a folder, for as long as this lasts."""
    git = ("git", "-C", str(PROJECT), "worktree")
    subprocess.run([*git, "add", "--detach", str(folder), revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


async def measure(
    pairs: list[tuple[Peer, Peer]], rounds: int, logs: Path, results: Results
) -> None:
    """Give each of both revisions its work in turns, the older one first in every other round."""
    async with contextlib.AsyncExitStack() as stack:
        runs = []
        for pair in pairs:
            for peer in pair:
                run = await stack.enter_async_context(running(peer, logs, heartbeat=20))
                runs.append(run)
                results.add(peer.name, await workloads.connect(run, SOCKETS, SECONDS))
                await workloads.everyone_receives(run)
        for _ in range(rounds):
            runs.reverse()
            for work in WORK:
                for run in runs:
                    results.add(run.peer.name, await work(run, SECONDS))


def table(results: Results, pairs: list[tuple[Peer, Peer]]) -> str:
    """Return the ratios of now to then, with the range of the rounds."""
    lines = [f"{'':<44}{'then':>10}{'now':>10}{'ratio':>8}   rounds"]
    for now, then in pairs:
        for name, metric in METRICS.items():
            ones, others = results.values(metric, now.name), results.values(metric, then.name)
            ratios = [one / other for one, other in zip(ones, others, strict=False) if other]
            if ratios:
                row = f"{now.name}: {name}"
                numbers = f"{statistics.median(others):>10.4g}{statistics.median(ones):>10.4g}"
                ratio = f"{statistics.median(ratios):>8.2f}"
                lines.append(f"{row:<44}{numbers}{ratio}   {min(ratios):.2f} to {max(ratios):.2f}")
    return "\n".join(lines)


def _at(peer: Peer, folder: Path) -> Peer:
    return replace(peer, name=f"{peer.name}, then", root=folder)


if __name__ == "__main__":
    main()

"""Runs the benchmarks, or renders a run's tables: ``python -m benchmarks [--quick | FILE]``."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks import machine, peers, report
from benchmarks.plan import FULL, QUICK, Scale, run_all
from benchmarks.results import Results
from benchmarks.versions import about

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, help="render the tables of this run")
    parser.add_argument(
        "--quick", action="store_true", help="few sockets, only to see that everything works"
    )
    arguments = parser.parse_args()
    if arguments.results is not None:
        report.render(Results.read(arguments.results))
    else:
        measure(QUICK if arguments.quick else FULL)


def measure(scale: Scale) -> None:
    """Run everything on ``scale``, save the results and print the tables."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("picows").setLevel(logging.WARNING)  # It would log a line for each socket.
    machine.prepare()
    gc.disable()  # Else the load's own pauses would be measured.
    RESULTS.mkdir(exist_ok=True)
    make_sessions(scale.many)
    results = Results(about())
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory:
        try:
            uvloop.run(run_all(scale, Path(directory), results))
        finally:
            path = RESULTS / time.strftime("%Y-%m-%d-%H%M%S.json")
            results.write(path)
    print(report.text(results))
    print(f"\nsaved in {path.relative_to(Path.cwd())}; with that as its argument, this program")
    print("writes the tables into README.md and docs/performance.md, and draws the chart")
    if scale is QUICK:
        print("A quick run shows that everything works. Its numbers mean nothing.")


def make_sessions(users: int) -> None:
    """Make the users of the rows that log in."""
    peers.DATABASE.unlink(missing_ok=True)
    env = {**os.environ, **peers.REALTIME_SESSION.env, "REDIS_URL": "redis://none"}
    command = [*peers.PYTHON, "benchmarks.servers.make_sessions", str(users)]
    subprocess.run(command, env=env, check=True)


if __name__ == "__main__":
    main()

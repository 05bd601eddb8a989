"""Renders the tables of a run, and writes them into the documents."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.chart import chart
from benchmarks.peers import Peer
from benchmarks.results import Results
from benchmarks.targets import TARGETS

PROJECT = Path(__file__).parents[1]
DOCUMENTS = (PROJECT / "README.md", PROJECT / "docs/performance.md")
CHART = PROJECT / "docs/performance.svg"

COLUMNS = {
    "deliveries a second": "fan_out_a_second",
    "CPU µs each": "fan_out_us",
    "direct, CPU µs": "direct_us",
    "alone, CPU µs": "single_us",
    "alone, p50 ms": "single_p50_ms",
    "p50 ms": "p50_ms",
    "p99 ms": "p99_ms",
    "KiB a socket": "kib_a_socket",
    "connect, CPU µs": "connect_us",
    "ping and pong, CPU µs": "heartbeat_us",
    "storm, s": "storm_seconds",
}
ROWS = (*peers.ALL, peers.REALTIME_LOG_SESSION)

SHORT_COLUMNS = ("deliveries a second", "CPU µs each", "alone, CPU µs", "KiB a socket")
SHORT_ROWS = (
    peers.REALTIME,
    peers.REALTIME_DAPHNE,
    peers.SOCKETSHARK_PEER,
    peers.PYTHON_SOCKETIO,
    peers.CHANNELS_PUBSUB,
    peers.SOCKETIO_NODE,
    peers.BARE_UVICORN,
)
"""The rows of the README's table."""


def text(results: Results) -> str:
    """Return the tables for a terminal."""
    found = parts(results)
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in results.took.items())
    return "\n\n".join([_made_on(results), found["peers"], found["targets"], took])


def parts(results: Results) -> dict[str, str]:
    """Return the tables by the names of their marks."""
    return {
        "machine": f"{results.about['machine']}. The day and the versions are in the README.",
        "peers": _peers(results, ROWS, tuple(COLUMNS)),
        "short": f"{_peers(results, SHORT_ROWS, SHORT_COLUMNS)}\n\n{_made_on(results)}",
        "targets": _targets(results),
    }


def render(results: Results) -> None:
    """Write the tables between their marks in the documents, and draw the chart.

    A table's marks are ``<!-- bench:peers -->`` and the next ``<!-- /bench -->``.
    """
    found = parts(results)
    for document in DOCUMENTS:
        document.write_text(
            re.sub(
                r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench -->)",
                lambda match: f"{match[1]}{found[match[2]]}\n{match[3]}",
                document.read_text(),
                flags=re.S,
            )
        )
    rows = [(peer.name, results.median("fan_out_a_second", peer.name)) for peer in peers.ALL]
    CHART.write_text(chart("Deliveries a second", [(name, value) for name, value in rows if value]))


def _made_on(results: Results) -> str:
    about = results.about
    return f"{about['day']}, {about['machine']}: {about['versions']}."


def _peers(results: Results, shown: Sequence[Peer], columns: Sequence[str]) -> str:
    rows = []
    for peer in shown:
        cells = [_cell(results.values(COLUMNS[column], peer.name)) for column in columns]
        if any(cells):
            rows.append([peer.name, *cells])
    return _table(["", *columns], rows)


def _cell(values: Sequence[float]) -> str:
    """Return the median of the rounds, with the least and the most of them."""
    if not values:
        return ""
    middle = _number(statistics.median(values))
    low, high = _number(min(values)), _number(max(values))
    return middle if low == high else f"{middle} ({low} to {high})"


def _targets(results: Results) -> str:
    rows = []
    for target in TARGETS:
        value = target.value(results)
        if value is not None:
            verdict = "yes" if target.reached(value) else "**no**"
            floor = "" if target.floor is None else _number(target.floor(results))
            rows.append([target.name, target.wanted, _number(value), verdict, floor])
    return _table(["", "wanted", "measured", "reached", "floor"], rows)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

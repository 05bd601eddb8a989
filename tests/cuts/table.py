"""The results of the cuts, as a table in Markdown."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

HEADS = (
    "scenario",
    "browser",
    "server",
    "client noticed after, s",
    "desk right after healing, s",
    "events missed",
    "a bare WebSocket's page",
)


@dataclass(frozen=True)
class Row:
    """One desk in one scenario; `noticed` and `right` in seconds, None where nothing was cut."""

    scenario: str
    browser: str
    server: str
    noticed: float | None
    right: float | None
    missed: int
    bare: str


def table(rows: Iterable[Row]) -> str:
    """Write them all."""
    cells = [[cell(value) for value in astuple(row)] for row in rows]
    return "\n".join(line(one) for one in [HEADS, ["---"] * len(HEADS), *cells])


def cell(value: object) -> str:
    """Write one value."""
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def line(cells: Iterable[str]) -> str:
    """Write one line of it."""
    return f"| {' | '.join(cells)} |"

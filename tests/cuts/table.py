"""The results of the cuts, as a table in Markdown."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from tests.site import markdown

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
    return markdown.table(HEADS, map(astuple, rows))

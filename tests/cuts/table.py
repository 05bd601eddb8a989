"""What the cuts came to, as a table in Markdown."""

from dataclasses import astuple, dataclass

HEADS = (
    "scenario",
    "browser and server",
    "client knew after, s",
    "desk right after healing, s",
    "events missed",
    "bare WebSocket says",
)


@dataclass(frozen=True)
class Row:
    """One desk in one scenario; `knew` and `right` in seconds."""

    scenario: str
    desk: str
    knew: float | None
    right: float | None
    missed: int
    bare: str

    def __str__(self) -> str:
        return line(*(cell(value) for value in astuple(self)))


class Table:
    """The rows so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Keep a row, and show it."""
        self.rows.append(row)
        print(row)

    def __str__(self) -> str:
        return "\n".join([line(*HEADS), line(*["---"] * len(HEADS)), *map(str, self.rows)])


def cell(value: object) -> str:
    """Write one value."""
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def line(*cells: str) -> str:
    """Write one line of it."""
    return f"| {' | '.join(cells)} |"

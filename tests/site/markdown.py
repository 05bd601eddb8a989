"""Results of the tests, as a table in Markdown."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table."""
    cells = [[cell(value) for value in row] for row in rows]
    return "\n".join(line(one) for one in [heads, ["---"] * len(heads), *cells])


def cell(value: object) -> str:
    """Write one value."""
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def line(cells: Iterable[str]) -> str:
    """Write one line of it."""
    return f"| {' | '.join(cells)} |"

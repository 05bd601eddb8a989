"""A bar chart as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, LABELS, VALUES = 760, 270, 80
ROW, BAR, TOP = 24, 16, 40


def chart(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """Return a chart of ``rows``, with the longest bar for the highest value."""
    height = TOP + ROW * len(rows) + 8
    scale = (WIDTH - LABELS - VALUES) / max(value for _, value in rows)
    bars = "\n".join(
        _bar(TOP + index * ROW, name, value, scale) for index, (name, value) in enumerate(rows)
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" \
font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LABELS}" y="24" font-size="15">{escape(title)}</text>
{bars}
</svg>
"""


def _bar(top: int, name: str, value: float, scale: float) -> str:
    colour = "#0a7d55" if name.startswith("realtime") else "#8a94a6"
    end, middle = LABELS + value * scale, top + BAR - 3
    return (
        f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{LABELS}" y="{top}" width="{value * scale:.1f}" height="{BAR}" fill="{colour}"/>'
        f'<text x="{end + 6:.1f}" y="{middle}">{value:,.0f}</text>'
    )

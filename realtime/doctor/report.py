"""Writes findings for people, on one screen, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import wrap

from realtime.doctor.finding import Findings, Level

WIDTH = 100
"""Characters of a line."""

INDENT = 10
"""Characters of the column with the level."""

ORDER = (Level.ERROR, Level.WARNING, Level.OK, Level.SKIPPED)
"""The worst first."""


def as_text(findings: Findings) -> str:
    """Return all findings as lines, the worst first; those skipped for one reason share a line."""
    lines = []
    for level in ORDER:
        of_level = [each for each in findings if each.level is level]
        lines += _skipped(of_level) if level is Level.SKIPPED else _lines(of_level)
    return "\n".join([*lines, _summary(findings)])


def as_json(findings: Findings) -> str:
    """Return all findings as JSON, in the order of the examination."""
    counts = {level.value: _count(findings, level) for level in ORDER}
    return json.dumps({"counts": counts, "findings": [asdict(each) for each in findings]}, indent=1)


def _skipped(findings: Findings) -> list[str]:
    ids: dict[str, list[str]] = {}
    for each in findings:
        ids.setdefault(each.what, []).append(each.id)
    lines = []
    for reason, names in ids.items():
        lines += _wrapped(Level.SKIPPED.value, f"{', '.join(names)}: {reason}")
    return lines


def _lines(findings: Findings) -> list[str]:
    lines = []
    for each in findings:
        lines += _wrapped(each.level.value, f"{each.id}: {each.what}")
        for label, text in (("why", each.why), ("do", each.do)):
            if text:
                lines += _wrapped(f"   {label}", text)
    return lines


def _wrapped(label: str, text: str) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=f"{label:{INDENT}}",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(findings: Findings) -> str:
    counts = ", ".join(f"{_count(findings, level)} {level.value}" for level in ORDER)
    return f"{counts}. Each finding has a section in docs/doctor.md."


def _count(findings: Findings, level: Level) -> int:
    return sum(each.level is level for each in findings)

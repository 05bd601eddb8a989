"""Writes findings for people, on one screen, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import wrap

from realtime.doctor.finding import Finding, Findings, Level

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
        for each in _joined(of_level) if level is Level.SKIPPED else of_level:
            lines += _lines(each)
    return "\n".join([*lines, _summary(findings)])


def as_json(findings: Findings) -> str:
    """Return all findings as JSON, in the order of the examination."""
    counts = {level.value: _count(findings, level) for level in ORDER}
    return json.dumps({"counts": counts, "findings": [asdict(each) for each in findings]}, indent=1)


def _joined(findings: Findings) -> Findings:
    ids: dict[str, list[str]] = {}
    for each in findings:
        ids.setdefault(each.what, []).append(each.id)
    return [Finding(", ".join(names), Level.SKIPPED, what) for what, names in ids.items()]


def _lines(finding: Finding) -> list[str]:
    lines = _wrapped(finding.level.value, f"{finding.id}: {finding.what}")
    for label, text in (("why", finding.why), ("do", finding.do)):
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

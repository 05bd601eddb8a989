"""Judges what a SIGTERM does, and whether the server gets the time for it."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.doctor.finding import Finding, error, ok, skipped, warning
from realtime.protocol.close_codes import CloseCode


@dataclass(frozen=True)
class Drained:
    """What was seen after SIGTERM, in seconds after it."""

    bye: dict[str, object] | None
    """The frame ``bye``, None where none came."""
    said: float | None
    ended: float | None
    """None where the process still ran at the end."""
    signs: str = ""
    """How the socket ended."""


@dataclass(frozen=True)
class Orchestrator:
    """What would end the server, as far as it can be seen from here."""

    name: str | None
    """Such as ``systemd``; None where none is seen."""
    grace: float | None = None
    """Seconds from SIGTERM to SIGKILL, None where that can't be seen."""
    usual: float | None = None
    """What it is unless somebody has set it."""
    setting: str = ""


def judge_drain(seen: Drained) -> Finding:
    """Judge a drain that was watched."""
    if seen.bye is None:
        return warning(
            "drain",
            f"After SIGTERM no bye came ({seen.signs or 'the socket is still open'}).",
            why="Pages then come back all together, without a wait of their own.",
            do="Several workers: the socket may have been another's, so run it again, or end the "
            "parent. Otherwise see whether REALTIME['DRAIN'] is on, and whether SIGTERM reaches "
            "Python: a shell as process 1 of a container doesn't pass it on.",
        )
    if seen.bye.get("code") != CloseCode.RESTARTING:
        return warning(
            "drain",
            f"After SIGTERM came bye {seen.bye.get('code')}, not 4412.",
            why="Only 4412 has pages come back spread over time.",
            do="See the server's log for what ended the socket before the drain.",
        )
    if seen.ended is None:
        return error(
            "drain",
            f"The bye came after {seen.said:.1f} s, but the process does not end.",
            why="Its orchestrator will kill it, with what it has not finished.",
            do="See what keeps the server: an own thread, a task without end, a grace of its own.",
        )
    return ok(
        "drain",
        f"After SIGTERM bye came in {seen.said:.1f} s, the process ended in {seen.ended:.1f} s.",
    )


def judge_grace(seen: Orchestrator, needed: float) -> Finding:
    """Judge the time that a server has to end, of which a drain may need ``needed`` seconds."""
    if seen.name is None:
        return skipped("grace", "No orchestrator is seen from here, so neither is its grace.")
    if seen.grace is None:
        usual = (
            "" if seen.usual is None else f"; unless {seen.setting} is set, it is {seen.usual:g} s"
        )
        return skipped(
            "grace",
            f"{seen.name} does not show its grace in here{usual}. A drain needs {needed:g} s.",
        )
    if seen.grace < needed:
        return error(
            "grace",
            f"{seen.name} kills the server {seen.grace:g} s after SIGTERM.",
            why=f"A drain may need {needed:g} s; messages that were received are lost with it.",
            do=f"Set {seen.setting} to {needed + 3:g} s or more.",
        )
    return ok("grace", f"{seen.name} gives {seen.grace:g} s; a drain needs {needed:g} s at most.")

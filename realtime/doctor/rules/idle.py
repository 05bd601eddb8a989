"""Judges what became of a connection on which nothing passed."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.doctor.finding import Finding, error, ok, warning


@dataclass(frozen=True)
class End:
    """How a connection ended, ``after`` seconds without a byte in either direction."""

    after: float
    signs: str
    code: int | None = None
    """The code of a close frame, None where none came."""


@dataclass(frozen=True)
class Silence:
    """What was seen of a silent connection."""

    waited: float
    """Seconds of silence that were wanted."""
    end: End | None
    """None where it was open until the last second."""
    answered: bool
    """Whether it still carried a message after that."""
    server_pings: int = 0
    """Control pings of the server that passed meanwhile."""
    natural: bool = False
    """Whether it was an ordinary socket, silent only until the first heartbeat."""


HOW = (
    "Raise the timeout to 60 s or more: nginx proxy_read_timeout and proxy_send_timeout; HAProxy "
    "timeout tunnel (and timeout client, timeout server without it); the idle timeout of the load "
    "balancer. Or lower HEARTBEAT_INTERVAL below it."
)


def judge_silence(seen: Silence, interval: float) -> Finding:
    """Judge how long nothing may pass, for a heartbeat every ``interval`` seconds."""
    if seen.end is None and seen.answered:
        return ok("idle", f"A connection lives through {seen.waited:g} s of silence{_but(seen)}.")
    if seen.end is None:
        after, signs = seen.waited, "without any sign: no message passes any more"
    else:
        after, signs = seen.end.after, seen.end.signs
    what = f"A silent connection was cut after {after:.1f} s: {signs}{_but(seen)}."
    if after <= interval:
        return error(
            "idle",
            what,
            why=f"The heartbeat, every {interval:g} s, comes too late: each socket is cut again "
            "and again, and each page connects again and again.",
            do=HOW,
        )
    if after <= 2 * interval:
        return warning(
            "idle",
            what,
            why=f"The heartbeat, every {interval:g} s, has little room: one that is late is one "
            "connection less.",
            do=HOW,
        )
    return ok("idle", f"{what} The heartbeat passes every {interval:g} s, which is soon enough.")


def _but(seen: Silence) -> str:
    if seen.natural:
        return " (no longer, because the server's heartbeat came then)" if seen.end is None else ""
    if seen.server_pings:
        return (
            f"; {seen.server_pings} control pings of the ASGI server passed meanwhile, so that a "
            "longer timeout than their interval shows neither here nor elsewhere"
        )
    return ""

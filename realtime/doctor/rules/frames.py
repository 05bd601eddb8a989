"""Judges what was seen of frames on an open socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from realtime.doctor.finding import Finding, error, ok, warning
from realtime.protocol.close_codes import CloseCode

SLOW_WELCOME = 2.0
"""Seconds: a page gives an attempt up after 8."""

ADDED_LATENCY = 0.1
"""Seconds over the round trip of TCP that a person begins to notice."""

JOINED_WITHIN = 0.002
"""Seconds between two frames that came in one piece."""

TO_WAIT = "Have what buffers pass data on immediately"


@dataclass(frozen=True)
class Greeting:
    """The first frame of the server: its type, its content, and after how many seconds it came."""

    frame: Mapping[str, object]
    seconds: float

    @property
    def code(self) -> object:
        """The close code of a ``bye``."""
        return self.frame.get("code")

    @property
    def frame_bytes(self) -> int | None:
        """The largest frame that a ``welcome`` allows, None where it says nothing of it."""
        limits = self.frame.get("limits")
        size = limits.get("frame_bytes") if isinstance(limits, dict) else None
        return size if isinstance(size, int) else None

    @property
    def is_welcome(self) -> bool:
        """Whether somebody is signed in, or visitors are let in."""
        return self.frame.get("type") == "welcome"


@dataclass(frozen=True)
class Exchange:
    """Pings of a page, sent at even intervals, with the time at which each pong came."""

    sent: Sequence[float]
    received: Sequence[float | None]
    """None where the pong did not come in time."""

    @property
    def round_trips(self) -> list[float]:
        """Seconds of each that came back."""
        pairs = zip(self.sent, self.received, strict=True)
        return [came - went for went, came in pairs if came is not None]


def judge_anonymous(greeting: Greeting, visitors_allowed: bool | None) -> Finding:
    """Judge how a socket without a cookie was greeted; None: it is not known who may come in."""
    if greeting.is_welcome and visitors_allowed is False:
        return error(
            "anonymous",
            "A socket without a cookie was welcomed, though REALTIME['ANONYMOUS'] is off.",
            why="Somebody who is not signed in counts as somebody who is.",
            do="See whether a proxy adds a cookie or a header that signs in, or an AUTHENTICATE "
            "returns a user for everybody.",
        )
    if greeting.is_welcome:
        return ok("anonymous", "A visitor without a cookie is welcomed (REALTIME['ANONYMOUS']).")
    if greeting.code == CloseCode.NOT_SIGNED_IN:
        return ok("anonymous", "A socket without a cookie is sent away (4501).")
    return warning(
        "anonymous",
        f"A socket without a cookie was sent away with {greeting.code}, not with 4501.",
        why="4501 says that a login is missing. Any other code has pages do something else.",
        do="See the server's log, and docs/consumers.md, Close codes.",
    )


def judge_welcome(greeting: Greeting, me: str | None = None) -> Finding:
    """Judge how a signed-in socket was greeted; ``me`` is its user's stream, where it is known."""
    if not greeting.is_welcome:
        return error(
            "welcome",
            f"The cookie's socket was sent away: {greeting.code} {greeting.frame.get('reason')}.",
            why="Users who are logged in get no events.",
            do="4501: the cookie does not reach the server, its session has ended, or the servers "
            "have another SECRET_KEY or session store. Otherwise see docs/consumers.md, Close "
            "codes, and the server's log.",
        )
    if me is not None and greeting.frame.get("me") != me:
        return error(
            "welcome",
            f"The socket belongs to {greeting.frame.get('me')}, its cookie to {me}.",
            why="A user would see another user's events.",
            do="Look for a cache or proxy that mixes up cookies; see whether both have the same "
            "SECRET_KEY and database.",
        )
    if greeting.seconds > SLOW_WELCOME:
        return warning(
            "welcome",
            f"The welcome took {greeting.seconds:.1f} s.",
            why="A page gives up after 8 s; when all come back together, it takes longer.",
            do="See whether the session store or the database is slow.",
        )
    return ok("welcome", f"A socket with the cookie is welcomed after {_ms(greeting.seconds)}.")


def judge_latency(exchange: Exchange, tcp: float) -> Finding:
    """Judge round trips, beside that of TCP to the first machine on the way."""
    trips = exchange.round_trips
    if not trips:
        return error(
            "latency",
            "No pong came back.",
            why="The heartbeat can't work: both ends give every connection up.",
            do=f"{TO_WAIT}, and see whether the server is busy.",
        )
    typical = median(trips)
    what = (
        f"A frame takes {_ms(typical)} there and back, {_ms(max(trips))} at most; TCP {_ms(tcp)}."
    )
    if typical - tcp > ADDED_LATENCY:
        return warning(
            "latency",
            what,
            why="Proxies or a busy server add what people notice.",
            do="See the servers' CPU. Compare with the same measurement past the proxy.",
        )
    return ok("latency", what)


def judge_buffering(exchange: Exchange, apart: float) -> Finding:
    """Judge whether frames that were sent ``apart`` seconds came so."""
    came = [at for at in exchange.received if at is not None]
    missing = len(exchange.received) - len(came)
    if missing:
        return error(
            "buffering",
            f"{missing} of {len(exchange.received)} small frames were held back or lost.",
            why="An event that waits for others to fill a buffer is late, and so is the heartbeat.",
            do=f"{TO_WAIT}: a proxy for TCP or HTTP has a buffer or a delay for output.",
        )
    gaps = [later - earlier for earlier, later in pairwise(came)]
    joined = sum(gap < JOINED_WITHIN for gap in gaps)
    if gaps and joined > len(gaps) / 2:
        return warning(
            "buffering",
            f"Frames that were sent {_ms(apart)} apart came joined: {joined} of {len(gaps)} "
            f"together with the one before, the slowest after {_ms(max(exchange.round_trips))}.",
            why="Something on the way holds frames back to send several together.",
            do=f"{TO_WAIT}: look for a flush interval, or for Nagle's algorithm (TCP_NODELAY).",
        )
    return ok("buffering", f"{len(came)} small frames came one by one.")


@dataclass(frozen=True)
class Largest:
    """How large frames did, in bytes."""

    accepted: int
    """The largest that arrived."""
    wanted: int
    """The largest that the server announces."""
    signs: str = ""
    """Of what ended a larger one."""
    back: float | None = None
    """Seconds until one of that size came back, None where none was sent."""
    lost: str = ""
    """Signs of what ended the way back."""


def judge_largest(seen: Largest) -> Finding:
    """Judge the largest frame, there and back."""
    accepted, wanted, signs = seen.accepted, seen.wanted, seen.signs
    if accepted >= wanted and seen.lost:
        return error(
            "largest-frame",
            f"A frame of {wanted} bytes arrives, but none comes back ({seen.lost}).",
            why="A page loses its connection whenever a large event or snapshot is sent to it.",
            do="Raise the limit of frames in the proxy or firewall.",
        )
    if accepted >= wanted:
        back = "" if seen.back is None else f", and one comes back in {_ms(seen.back)}"
        return ok("largest-frame", f"A frame of {wanted} bytes arrives, the largest allowed{back}.")
    return error(
        "largest-frame",
        f"A frame of {accepted} bytes arrives, a larger one does not ({signs}); "
        f"the server announces {wanted}.",
        why="A page that sends a larger command loses its connection, again and again.",
        do="Raise the limit of frames in the proxy, firewall or server (Uvicorn: --ws-max-size), "
        "or lower REALTIME['MAX_FRAME_BYTES'].",
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"

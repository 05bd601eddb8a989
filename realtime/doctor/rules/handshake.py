"""Judges how handshakes were answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime.doctor.finding import Finding, error, ok, warning
from realtime.protocol.frames import SUBPROTOCOL

NO_SOCKET = "No page can open a socket, so no event arrives."

UPGRADE_LOST = (
    "Have the proxy pass the upgrade on. nginx: proxy_http_version 1.1; proxy_set_header Upgrade "
    '$http_upgrade; proxy_set_header Connection "upgrade". See docs/deployment.md, Proxies.'
)

CAUSES: Mapping[int, tuple[str, str]] = {
    200: (
        "a page was served in place of the socket: the upgrade was lost on the way",
        UPGRADE_LOST,
    ),
    400: (
        "the request was malformed for the one who answered: a Host that ALLOWED_HOSTS lacks, or "
        "an upgrade of which a proxy passed on only a part",
        UPGRADE_LOST + " And pass Host on.",
    ),
    401: (
        "something in front of the site asks for a password",
        "Leave the socket's path out of it: browsers can't answer that for a WebSocket.",
    ),
    403: (
        "the origin was refused, or a firewall refuses WebSockets",
        "Compare with the finding `origin`; look for a rule of the firewall for this path.",
    ),
    404: (
        "the path is unknown to the one who answered, or the upgrade was lost on the way and an "
        "ordinary request was answered",
        UPGRADE_LOST + " Otherwise route the path in asgi.py, and serve it by an ASGI server.",
    ),
    426: (
        "the server asks for an upgrade, so a proxy has removed it or speaks HTTP/1.0",
        UPGRADE_LOST,
    ),
    429: (
        "a limit on requests in front of the site",
        "Leave the socket's path out of that limit: after a restart all pages come back together.",
    ),
    500: ("the application failed", "See the server's log. In asgi.py, route this very path."),
    502: (
        "a proxy could not reach the application, or took the upgrade's answer for a fault",
        "Compare the proxy's target with the address that the ASGI server listens on; see its log.",
    ),
    503: (
        "a proxy has no server to send this to",
        "See whether the server runs, and what the proxy's health check asks for.",
    ),
    504: (
        "a proxy waited in vain for the application's answer",
        "See whether the server hangs; a proxy that doesn't know upgrades waits like that, too.",
    ),
}
"""For each status: the likely cause, and what to do."""

LIKE_ORDINARY = {200, 400, 403, 404}
"""Statuses of a page: a handshake that gets the one of an ordinary request was taken for one."""

REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Answer:
    """How a handshake was answered; ``failure`` says what was wrong with a 101, or with no HTTP."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the socket is open."""
        return self.status == 101 and not self.failure

    def brief(self) -> str:
        """Name the status and who answered."""
        by = self.headers.get("server")
        what = [f"status {self.status}"] if self.status is not None else []
        said = " ".join([*what, f"from {by}"]) if by else "".join(what)
        return ", ".join(part for part in (said, self.failure) if part)


@dataclass(frozen=True)
class Handshakes:
    """How the handshake was answered with the site's origin, and the statuses without and plain."""

    own: Answer
    without_origin: Answer | None = None
    """The same request without ``Origin``; None where nobody asked."""
    plain: int | None = None
    """The status of an ordinary GET of the same path."""


def judge_handshake(seen: Handshakes) -> Finding:
    """Judge the handshake itself; a refused origin has a finding of its own."""
    own = seen.own
    if own.accepted:
        return ok("handshake", f"The socket opens ({own.brief()}).")
    if is_origin_refused(seen):
        return ok("handshake", "The socket opens for a client that names no origin.")
    if own.status == 101:
        return error(
            "handshake",
            f"The answer is 101, but no valid one: {own.failure}.",
            why=NO_SOCKET,
            do="Look for a proxy that answers upgrades by itself, or rewrites their headers.",
        )
    if own.status is None:
        return error(
            "handshake",
            f"No answer to the handshake: {own.failure}.",
            why=NO_SOCKET,
            do="Ask it with a browser: the port may want https, or a protocol of a proxy's own.",
        )
    if own.status in REDIRECTS:
        return error(
            "handshake",
            f"Redirected ({own.brief()}) to {own.headers.get('location', 'nowhere')}.",
            why=f"Browsers follow no redirect of a WebSocket. {NO_SOCKET}",
            do="Connect to the address where it leads: https, the right host, the path's slash.",
        )
    cause, do = CAUSES.get(own.status, ("unknown", "See the log of the one who answered."))
    if seen.plain == own.status and own.status in LIKE_ORDINARY:
        cause = "the upgrade is lost on the way: an ordinary request gets the same answer"
        do = UPGRADE_LOST
    return error(
        "handshake", f"Refused: {own.brief()}. Likely cause: {cause}.", why=NO_SOCKET, do=do
    )


def is_origin_refused(seen: Handshakes) -> bool:
    """Tell whether it is the site's own origin that was refused."""
    without = seen.without_origin
    return not seen.own.accepted and without is not None and without.accepted


def judge_origin(seen: Handshakes, origin: str) -> Finding:
    """Judge whether the site's own pages may open a socket."""
    if is_origin_refused(seen):
        return error(
            "origin",
            f"The site's own origin {origin} is refused ({seen.own.brief()}); without one a "
            "socket opens.",
            why="Every browser sends the page's origin: no page can open a socket.",
            do="Have the proxy pass on Host and X-Forwarded-Proto, with SECURE_PROXY_SSL_HEADER "
            "set, or name the origin in CSRF_TRUSTED_ORIGINS. The server's log has the host that "
            "it compared with.",
        )
    return ok("origin", f"The site's own origin {origin} is accepted.")


def judge_foreign_origin(answer: Answer, origin: str) -> Finding:
    """Judge how a page of another site was answered."""
    if answer.accepted:
        return error(
            "foreign-origin",
            f"A page of {origin} may open a socket.",
            why="A browser sends the visitor's cookie along: any page reads the visitor's events.",
            do="Don't have a proxy remove or rewrite Origin, and look for a wildcard in "
            "CSRF_TRUSTED_ORIGINS or ALLOWED_HOSTS.",
        )
    if answer.status != 403:
        return warning(
            "foreign-origin",
            f"A page of {origin} got {answer.brief()} in place of 403.",
            why="It was refused for another reason, so nothing is known of the check itself.",
            do="See who answered, and why.",
        )
    return ok("foreign-origin", "A page of another site is refused (403).")


def judge_subprotocol(selected: str | None) -> Finding:
    """Judge which subprotocol the server selected."""
    if selected == SUBPROTOCOL:
        return ok("subprotocol", f"{SUBPROTOCOL} is selected.")
    return error(
        "subprotocol",
        f"{SUBPROTOCOL} was offered, and {selected or 'none'} selected.",
        why="Browsers end a socket whose server selects none of their offers.",
        do="Have the proxy pass on Sec-WebSocket-Protocol in both directions; see whether the "
        "path leads to RealtimeConsumer.",
    )


def judge_compression(negotiated: bool) -> Finding:
    """Judge whether frames are compressed."""
    if not negotiated:
        return ok("compression", "Frames are not compressed, though it was offered.")
    return warning(
        "compression",
        "permessage-deflate is negotiated.",
        why="Each socket then costs 40 KiB more, each delivery twice the time, and a small frame "
        "of a stranger may inflate to a large one.",
        do="Serve with --ws realtime.uvicorn:WebSocketProtocol, or --ws-per-message-deflate false; "
        "with another server, have the proxy remove Sec-WebSocket-Extensions.",
    )

"""Judges the way to the site below HTTP: names, connections, TLS, and HTTP/2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realtime.doctor.finding import Finding, error, ok, skipped, warning

SOON = 14.0
"""Days before the end of a certificate in which it should have been renewed."""

MODERN = {"TLSv1.2", "TLSv1.3"}

NO_WAY = "Nobody reaches the site."


@dataclass(frozen=True)
class Tls:
    """What a TLS handshake showed."""

    version: str
    days_left: float | None
    """Days for which the certificate is good, None where it isn't trusted."""
    distrust: str = ""
    """Why it isn't trusted."""
    alpn: str | None = None
    """What the server chose of ``h2`` and ``http/1.1``."""


@dataclass(frozen=True)
class Http2:
    """What the server says and does over HTTP/2."""

    extended_connect: bool
    """Whether its settings offer WebSockets over HTTP/2 (RFC 8441)."""
    status: int | None = None
    """What it answered to such a WebSocket; None where none was tried, or no answer came."""


def judge_names(host: str, found: list[str], reason: str = "") -> Finding:
    """Judge the addresses that a name has."""
    if not found:
        return error(
            "dns",
            f"{host} has no address: {reason}.",
            why=NO_WAY,
            do="Add an A or AAAA record, or correct the name.",
        )
    return ok("dns", f"{host} is at {', '.join(found)}.")


def judge_connections(seconds: Mapping[str, float | str]) -> Finding:
    """Judge the connections to each address: the seconds that one took, or why there is none."""
    open_ones = [took for took in seconds.values() if isinstance(took, float)]
    closed = [f"{address} ({why})" for address, why in seconds.items() if isinstance(why, str)]
    if not open_ones:
        return error(
            "tcp",
            f"No connection: {', '.join(closed)}.",
            why=NO_WAY,
            do="See whether the proxy runs, and what the firewall lets through.",
        )
    if closed:
        return warning(
            "tcp",
            f"No connection to {', '.join(closed)}; another address works.",
            why="Some visitors get this address first, and wait or fail.",
            do="Serve at each address that the name has, or remove the record.",
        )
    return ok("tcp", f"A connection takes {min(open_ones) * 1000:.1f} ms.")


def judge_tls(seen: Tls) -> Finding:
    """Judge the certificate and the version."""
    if seen.distrust:
        return error(
            "tls",
            f"The certificate is not trusted: {seen.distrust}.",
            why="A browser opens no WebSocket to it, and asks nobody.",
            do="Serve a certificate for this name, with its intermediate certificates.",
        )
    days = seen.days_left or 0.0
    if days < SOON:
        return warning(
            "tls",
            f"The certificate ends in {days:.0f} days.",
            why="From then on no browser opens a socket.",
            do="See why it was not renewed by itself.",
        )
    if seen.version not in MODERN:
        return warning(
            "tls",
            f"{seen.version} was negotiated.",
            why="Browsers refuse versions below TLS 1.2.",
            do="Allow TLS 1.2 and 1.3 in the proxy.",
        )
    return ok("tls", f"{seen.version}; the certificate is good for {days:.0f} days.")


def judge_no_tls(is_local: bool) -> Finding:
    """Judge an address without TLS."""
    if is_local:
        return skipped("tls", "The address is http, on this machine.")
    return warning(
        "tls",
        "The address is http: everybody on the way can read and change the frames.",
        why="Cookies are stolen so, and proxies on the way that don't know WebSockets break them.",
        do="Serve https, and give the doctor that address.",
    )


def judge_http2(seen: Http2 | None) -> Finding:
    """Judge HTTP/2; None where the server doesn't offer it."""
    if seen is None:
        return ok("http2", "HTTP/2 is not offered; a WebSocket needs HTTP/1.1 only.")
    if not seen.extended_connect:
        return ok("http2", "HTTP/2 without WebSockets in it: browsers use HTTP/1.1 for those.")
    if seen.status == 200:
        return ok("http2", "HTTP/2 with WebSockets in it (RFC 8441), and one opens.")
    answer = "no answer" if seen.status is None else f"status {seen.status}"
    return error(
        "http2",
        f"HTTP/2 offers WebSockets (RFC 8441), but one gets {answer}.",
        why="Browsers with an HTTP/2 connection to the site try that way only, and fail.",
        do="Switch extended CONNECT off in the proxy (HAProxy: option h2-workaround-bogus-"
        "websocket-clients), or have it turn such a request into an upgrade.",
    )

"""Measures names, connections and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address

from realtime.doctor.address import Address
from realtime.doctor.finding import Findings
from realtime.doctor.rules.network import (
    Tls,
    judge_connections,
    judge_names,
    judge_no_tls,
    judge_tls,
)

CONNECT_WITHIN = 5.0
"""Seconds for one connection."""

DAY = 86400.0


@dataclass(frozen=True)
class Way:
    """What is known of the way to the site; ``tcp`` None: it can't be reached."""

    findings: Findings
    tcp: float | None
    """Seconds of a round trip of TCP."""
    tls: Tls | None = None


async def way_to(address: Address) -> Way:
    """Look the name up, connect to each of its addresses, and shake hands."""
    try:
        found = await _addresses(address)
    except OSError as reason:
        return Way([judge_names(address.host, [], str(reason.strerror or reason))], None)
    findings = [judge_names(address.host, found)]
    times_taken = await asyncio.gather(*(_connect(address, one) for one in found))
    took = dict(zip(found, times_taken, strict=True))
    findings.append(judge_connections(took))
    times = [seconds for seconds in took.values() if isinstance(seconds, float)]
    if not times:
        return Way(findings, None)
    if not address.is_secure:
        return Way([*findings, judge_no_tls(_is_local(found))], min(times))
    tls = await _shake_hands(address)
    return Way([*findings, judge_tls(tls)], min(times), tls)


def tls_context(*, trusting: bool, alpn: list[str]) -> ssl.SSLContext:
    """Return a context as browsers use it; ``trusting`` takes any certificate."""
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(alpn)
    return context


async def _addresses(address: Address) -> list[str]:
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


async def _connect(address: Address, host: str) -> float | str:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            _, writer = await asyncio.open_connection(host, address.port)
    except TimeoutError:
        return f"no answer in {CONNECT_WITHIN:g} s"
    except OSError as reason:
        return reason.strerror or str(reason)
    took = time.perf_counter() - began
    writer.transport.abort()
    return took


async def _shake_hands(address: Address) -> Tls:
    """Shake hands; where the certificate isn't trusted, again without looking at it."""
    distrust = ""
    try:
        connection = await _tls_connection(address, trusting=False)
    except ssl.SSLCertVerificationError as reason:
        distrust = reason.verify_message or str(reason)
        connection = await _tls_connection(address, trusting=True)
    with contextlib.closing(connection):
        certificate = connection.getpeercert() or {}
        ends = certificate.get("notAfter")
        days = (ssl.cert_time_to_seconds(str(ends)) - time.time()) / DAY if ends else None
        alpn = connection.selected_alpn_protocol()
        return Tls(connection.version() or "unknown", days, distrust, alpn)


async def _tls_connection(address: Address, *, trusting: bool) -> ssl.SSLSocket:
    context = tls_context(trusting=trusting, alpn=["h2", "http/1.1"])

    def connect() -> ssl.SSLSocket:
        plain = socket.create_connection((address.host, address.port), CONNECT_WITHIN)
        return context.wrap_socket(plain, server_hostname=address.host)

    return await asyncio.to_thread(connect)


def _is_local(found: list[str]) -> bool:
    return all(ip_address(one.partition("%")[0]).is_loopback for one in found)

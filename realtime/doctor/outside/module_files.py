"""Loads the browser client over the public address, each module that another one imports."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urljoin, urlsplit

from realtime.doctor.address import Address
from realtime.doctor.finding import Findings
from realtime.doctor.inside.modules import ENTRY, url_of
from realtime.doctor.outside.network import tls_context
from realtime.doctor.rules.site import Fetched, judge_fetched
from realtime.static_modules import IMPORT

ANSWER_WITHIN = 3.0
"""Seconds for one module."""

ALL_WITHIN = 12.0
"""Seconds after which no further module is loaded."""

MAX_BYTES = 1024 * 1024


def fetch_modules(address: Address, *, trusting: bool) -> Findings:
    """Return whether a browser would get all modules; the URL is that of the storage in use."""
    waiting, fetched = [urljoin(f"{address.origin}/", url_of(ENTRY))], {}
    until = time.monotonic() + ALL_WITHIN
    connections: dict[tuple[str, str], http.client.HTTPConnection] = {}
    try:
        while waiting and time.monotonic() < until:
            url = waiting.pop()
            fetched[url], text = _fetch(url, connections, trusting)
            for target in IMPORT.findall(text):
                imported = urljoin(url, target)
                if imported not in fetched and imported not in waiting:
                    waiting.append(imported)
    finally:
        for connection in connections.values():
            connection.close()
    return [judge_fetched(list(fetched.values()), all_came=not waiting)]


def _fetch(
    url: str, connections: dict[tuple[str, str], http.client.HTTPConnection], trusting: bool
) -> tuple[Fetched, str]:
    parts = urlsplit(url)
    key = parts.scheme, parts.netloc
    connection = connections.get(key) or _connection(*key, trusting)
    connections[key] = connection
    try:
        connection.request("GET", parts.path, headers={"User-Agent": "realtime_doctor"})
        response = connection.getresponse()
        text = response.read(MAX_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as reason:
        connections.pop(key).close()
        return Fetched(url, None, failure=str(reason) or type(reason).__name__), ""
    kind = response.headers.get("Content-Type", "")
    return Fetched(url, response.status, kind), text if response.status == 200 else ""


def _connection(scheme: str, netloc: str, trusting: bool) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(netloc, timeout=ANSWER_WITHIN)
    context = tls_context(trusting=trusting, alpn=["http/1.1"])
    return http.client.HTTPSConnection(netloc, timeout=ANSWER_WITHIN, context=context)

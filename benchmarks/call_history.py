"""Compares desks that come back after a year of calls with those of the first day.

``python -m benchmarks.call_history [DESKS [CALLS [ROUNDS]]]`` starts two servers with databases of
their own, one of them with the calls, and takes turns. The measurements are printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from benchmarks.machine import cpu_us
from benchmarks.publish_costs import start_postgres
from benchmarks.sessions import session_key
from tests.processes.postgres import create_database
from tests.processes.site import Site, Sites, run_python, site_environment

DESKS = 200
FIRST_DAY = 100
"""Calls of the first day, which fill the first page as well."""

CALLS = 100_000
ROUNDS = 7
UNDER_WAY = 40
"""Desks at a time, because each request has a connection of its own to PostgreSQL."""

SEARCHES = 30
NUMBER = "15551234"
"""The beginning of some ten numbers among a hundred thousand."""


@dataclass(frozen=True)
class Server:
    """A site, and how it was measured in each round."""

    site: Site
    cpu_ms: list[float]
    seconds: list[float]


def main(desks: int = DESKS, calls: int = CALLS, rounds: int = ROUNDS) -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        sites = Sites(Path(directory), Path(), site_environment("benchmark" * 6))
        stack.callback(sites.close)
        cluster = start_postgres(stack)
        first, year = (
            Server(started(sites, f"{cluster}_{name}", desks, count), [], [])
            for name, count in (("first_day", FIRST_DAY), ("year", calls))
        )
        for server in (first, year):
            asyncio.run(come_back(server.site, desks))  # What is done once is not measured.
        for _ in range(rounds):
            for server in (first, year):
                measure(server, desks)
        searches = {name: search(year.site, query) for name, query in QUERIES.items()}
        print(json.dumps({**compared(first, year), **searches}, indent=1))


def started(sites: Sites, url: str, desks: int, calls: int) -> Site:
    """Start a server whose history has so many calls."""
    create_database(url)
    site = sites("uvicorn", database_url=url, forked=False)
    run_python(site.env or {}, "-m", "benchmarks.servers.make_calls", str(desks), str(calls))
    return site


def measure(server: Server, desks: int) -> None:
    """Have all desks come back together, and note what that took."""
    cpu, began = cpu_us(server.site.pid), time.perf_counter()
    asyncio.run(come_back(server.site, desks))
    server.seconds.append(time.perf_counter() - began)
    server.cpu_ms.append((cpu_us(server.site.pid) - cpu) / 1000)


def compared(first: Server, year: Server) -> dict[str, float]:
    """Return the medians of both, and that of the ratios within a round."""
    ratios = {
        "ratio": zip(year.seconds, first.seconds, strict=True),
        "cpu_ratio": zip(year.cpu_ms, first.cpu_ms, strict=True),
    }
    return {
        "first_day_s": statistics.median(first.seconds),
        "year_s": statistics.median(year.seconds),
        **{name: statistics.median(a / b for a, b in pairs) for name, pairs in ratios.items()},
    }


async def come_back(site: Site, desks: int) -> None:
    """Have desks connect, subscribe, fetch the page and the list of calls."""
    limit = asyncio.Semaphore(UNDER_WAY)

    async def limited(number: int) -> None:
        async with limit:
            await desk(site, number)

    async with asyncio.TaskGroup() as group:
        for number in range(desks):
            group.create_task(limited(number))


async def desk(site: Site, number: int) -> None:
    """Do what a desk does that is loaded again, and connects."""
    await get(site, "/", number)
    async with connect(
        f"{site.ws_url}/realtime/",
        origin=Origin(site.url),
        subprotocols=[Subprotocol("realtime.v1")],
        additional_headers={"Cookie": cookie(number)},
        compression=None,
        ping_interval=None,
        open_timeout=120,
        proxy=None,
    ) as socket:
        for ref, stream in enumerate(("me", "desk")):
            await socket.send(json.dumps({"type": "subscribe", "ref": ref, "stream": stream}))
        subscribed = 0
        while subscribed < 2:
            subscribed += json.loads(await socket.recv())["type"] == "subscribed"
        await get(site, "/calls/", number)


async def get(site: Site, path: str, number: int) -> bytes:
    """Return the body of a page, in the session of one agent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        f"Cookie: {cookie(number)}",
        "Connection: close",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return body


def cookie(number: int) -> str:
    return f"sessionid={session_key(number)}"


QUERIES = {
    "page_ms": "",
    "number_ms": f"?q={NUMBER}",
    "number_end_ms": "?q=4567",
    "agent_ms": "?q=agent7",
}


def search(site: Site, query: str) -> float:
    """Return the milliseconds until the list of a search is there, as a median."""
    took = []
    for _ in range(SEARCHES):
        began = time.perf_counter()
        asyncio.run(get(site, f"/calls/{query}", 0))
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

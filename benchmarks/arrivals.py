"""Measures what a new socket costs: ``python -m benchmarks.arrivals [SERVER ...]``.

The servers are ``uvicorn`` and ``daphne``. The measurements are CPU microseconds of the server for
one socket that comes, gets its first frame and leaves: signed in by a session, refused as a
visitor, and turned away by a limit before anybody asks who it is. They are printed as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from benchmarks.machine import cpu_us
from tests.processes.site import Site, Sites, prepare_database, site_environment
from tests.processes.wire import wire

SOCKETS = 400
BATCH_SIZE = 10
"""Sockets that are open at a time."""


def main(*servers: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        environment = site_environment(secrets.token_urlsafe(50))
        template = Path(directory) / "template.sqlite3"
        prepare_database({**environment, "DATABASE_URL": f"sqlite:///{template}"})
        sites = Sites(Path(directory), template, environment)
        try:
            for server in servers or ("uvicorn", "daphne"):
                print(json.dumps({server: asyncio.run(measure(sites, server))}))
        finally:
            sites.close()


async def measure(sites: Sites, server: Any) -> dict[str, float]:
    """Return the cost of a socket in each of the three cases."""
    settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.servers.at_the_door"}
    open_door = sites(server, env=settings)
    closed_door = sites(server, env={**settings, "TURN_AWAY": "1"})
    login = open_door.login("alice").cookie_header()
    return {
        "signed_in_us": await cost(open_door, "welcome", login),
        "refused_us": await cost(open_door, "bye", None),
        "turned_away_us": await cost(closed_door, "bye", None),
    }


async def cost(site: Site, expected: str, cookies: str | None) -> float:
    for _ in range(5):  # Turned away are those who come after the first two.
        await come(site, None, cookies)
    before = cpu_us(site.pid)
    for _ in range(SOCKETS // BATCH_SIZE):
        await asyncio.gather(*(come(site, expected, cookies) for _ in range(BATCH_SIZE)))
    return round((cpu_us(site.pid) - before) / SOCKETS)


async def come(site: Site, expected: str | None, cookies: str | None) -> None:
    """Open a socket, say something, wait for the frame of that type (None: any) and leave."""
    async with wire(site, cookies=cookies) as socket:
        with contextlib.suppress(ConnectionClosed):  # It may have been turned away already.
            await socket.send({"type": "ping", "nonce": "first"})
        await socket.frame(expected)


if __name__ == "__main__":
    main(*sys.argv[1:])

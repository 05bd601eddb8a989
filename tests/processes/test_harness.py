"""What the other tests lean on: real processes that stop, freeze and lose their packets."""

import asyncio
import socket
from pathlib import Path

import psycopg
import pytest
import redis

from tests.processes.cable import Cable
from tests.processes.redis_server import RedisServer
from tests.processes.site import Server, Sites
from tests.processes.waiting import until
from tests.processes.wire import wire

ECHO = "tests.processes.echo:application"


@pytest.fixture(scope="session")
def site_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand in for the migrated database, which the echo application does without."""
    path = tmp_path_factory.mktemp("echo") / "empty.sqlite3"
    path.touch()
    return path


def test_redis_comes_back_on_its_port_with_nothing_in_it(redis_server: RedisServer) -> None:
    client = redis.Redis.from_url(redis_server.url)
    client.set("key", "value")
    redis_server.restart()
    assert client.get("key") is None
    redis_server.stop()
    with pytest.raises(redis.ConnectionError):
        client.get("key")


def test_a_frozen_redis_is_silent_until_it_is_thawed(redis_server: RedisServer) -> None:
    client = redis.Redis.from_url(redis_server.url, socket_timeout=0.2, retry=None)
    redis_server.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    redis_server.thaw()
    assert client.ping()


def test_a_postgres_database_is_fresh(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE one (number int)")
        assert connection.execute("SHOW max_connections").fetchone() == ("200",)


def test_a_cut_cable_loses_both_directions_silently_until_healed(cable: Cable) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, (_, client_port) = listener.accept()
    with client, server:
        client.settimeout(0.3)
        server.settimeout(0.3)
        cable.cut(client_port)
        client.send(b"lost")
        server.send(b"lost")
        for end in (client, server):
            with pytest.raises(TimeoutError):
                end.recv(9)
        cable.heal(client_port)
        client.settimeout(10)
        server.settimeout(10)
        assert client.recv(9) == server.recv(9) == b"lost"


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_site_shows_its_sockets_and_ends_while_frozen(site: Sites, server: Server) -> None:
    served = site(server, app=ECHO)
    async with wire(served, subprotocols=()) as client:
        await client.send({"type": "hello"})
        assert await client.frame("hello") == {"type": "hello"}
        assert served.open_sockets() == 1
        assert served.memory() > 10_000_000
    await until(lambda: served.open_sockets() == 0, 2, "the socket is gone")
    served.freeze()
    served.kill()
    assert not served.alive


async def test_the_wire_answers_pings_until_it_is_silent(site: Sites) -> None:
    async with wire(site(app=ECHO), subprotocols=()) as client:
        await client.send({"type": "ping", "nonce": "1"})
        assert await client.frame("pong") == {"type": "pong", "nonce": "1"}
        client.silent = True
        await client.send({"type": "ping", "nonce": "2"})
        assert await client.frame("ping") == {"type": "ping", "nonce": "2"}
        assert client.answered == 1


async def test_a_server_that_dies_closes_the_wire(site: Sites) -> None:
    served = site(app=ECHO)
    async with wire(served, subprotocols=()) as client:
        served.kill()
        assert await client.closed() == 1006
        with pytest.raises(AssertionError, match="close code 1006"):
            await client.frame()


async def test_a_wire_that_stopped_reading_stays_connected(site: Sites) -> None:
    served = site("uvicorn", app=ECHO)
    async with wire(served, subprotocols=()) as client:
        client.stop_reading()
        await client.send("unread")
        await asyncio.sleep(0.2)
        assert served.open_sockets() == 1
        with pytest.raises(AssertionError):
            await client.frame(timeout=0.1)


def test_a_site_that_cannot_start_says_why(site: Sites) -> None:
    with pytest.raises(AssertionError, match="No module named 'nowhere'"):
        site(app="nowhere:application")

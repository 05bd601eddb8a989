"""What the other tests rely on: real processes that stop, freeze and lose their packets."""

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
        cut, whole = connected(listener), connected(listener)
    with cut[0], cut[1], whole[0], whole[1]:
        port = cut[0].getsockname()[1]
        cable.cut(port)
        for end in (*cut, *whole):
            end.send(b"sent")
        assert [end.recv(9) for end in whole] == [b"sent"] * 2
        for end in cut:  # What was sent on it before would have come before.
            end.setblocking(False)
            with pytest.raises(BlockingIOError):
                end.recv(9)
        cable.heal(port)
        for end in cut:
            end.settimeout(10)
            assert end.recv(9) == b"sent"


def connected(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Return the client's and the server's end of a new connection."""
    client = socket.create_connection(listener.getsockname(), timeout=10)
    server, _ = listener.accept()
    server.settimeout(10)
    return client, server


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_site_shows_its_sockets_and_ends_while_frozen(site: Sites, server: Server) -> None:
    served = site(server, app=ECHO)
    async with wire(served, subprotocols=()) as client:
        await client.send({"type": "hello"})
        assert await client.frame("hello") == {"type": "hello"}
        assert served.open_sockets() == 1
        assert served.memory() > 10_000_000
    await until(lambda: served.open_sockets() == 0, 20, "the socket is gone")
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
        async with wire(served, subprotocols=()) as marker:
            await marker.send("read")
            assert await marker.frame() == "read"
            assert served.open_sockets() == 2
        with pytest.raises(AssertionError, match="close code None, unread \\[\\]"):
            await client.frame()


def test_a_site_that_cannot_start_says_why(site: Sites) -> None:
    with pytest.raises(AssertionError, match="No module named 'nowhere'"):
        site(app="nowhere:application")

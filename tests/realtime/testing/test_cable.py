"""The cable, between plain sockets: what passes, what waits and what is lost."""

import contextlib
import socket
import subprocess
import sys
import threading

import pytest

from realtime.testing import Cable
from realtime.testing.cable_connection import RESET

PATIENCE = 5  # seconds


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


@pytest.fixture
def line(server):
    """A cable; a fixture of that name makes tests cut real paths, see ``tests/conftest.py``."""
    with Cable("127.0.0.1", server.getsockname()[1]) as line:
        yield line


@pytest.fixture
def connect(line):
    """Connect to the cable; what was opened is closed in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(
            socket.create_connection(("127.0.0.1", line.port), PATIENCE)
        )


@pytest.fixture
def accept(server):
    with contextlib.ExitStack() as stack:

        def accept():
            connection = stack.enter_context(server.accept()[0])
            connection.settimeout(PATIENCE)
            return connection

        yield accept


@pytest.fixture
def ends(connect, accept):
    """The client's and the server's end of one connection."""
    return connect(), accept()


def reset(connection):
    """Go without a regular end, as a process does that is killed with work undone."""
    connection.setsockopt(*RESET)
    connection.close()


def hears_nothing(connection, line):
    """Tell whether nothing has come, after the cable had the time to let it pass.

    What was sent before is in the cable's own socket; after two rounds of its loop it would be
    through.
    """
    line._run(lambda: None)
    line._run(lambda: None)
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(PATIENCE)
    return False


def test_all_passes_in_both_directions(ends):
    client, server = ends
    client.sendall(b"ask")
    assert server.recv(100) == b"ask"
    server.sendall(b"answer")
    assert client.recv(100) == b"answer"
    client.shutdown(socket.SHUT_WR)
    assert server.recv(100) == b""
    server.sendall(b"the rest")
    assert client.recv(100) == b"the rest"
    server.close()
    assert client.recv(100) == b""


def test_a_cut_holds_everything_back_and_closes_nothing(ends, line):
    client, server = ends
    line.cut()
    client.sendall(b"one ")
    server.sendall(b"eins ")
    assert hears_nothing(server, line)
    assert hears_nothing(client, line)
    client.sendall(b"two")
    line.heal()
    assert receive(server, 7) == b"one two"
    server.sendall(b"zwei")
    assert receive(client, 9) == b"eins zwei"


@pytest.mark.parametrize("direction", ["to_server", "to_client"])
def test_one_direction_dies_alone(ends, line, direction):
    client, server = ends
    dead, alive = (client, server) if direction == "to_server" else (server, client)
    line.cut(direction)
    alive.sendall(b"heard")
    assert dead.recv(100) == b"heard"
    dead.sendall(b"unheard")
    assert hears_nothing(alive, line)
    line.heal()
    assert alive.recv(100) == b"unheard"


def test_a_close_during_a_cut_arrives_late(ends, line):
    client, server = ends
    line.cut()
    server.sendall(b"last words")
    server.close()
    assert hears_nothing(client, line)
    client.sendall(b"still here?")
    line.heal()
    assert receive(client, 10) == b"last words"
    assert client.recv(100) == b""


def test_a_reset_passes_immediately(ends):
    client, server = ends
    reset(server)
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_a_reset_during_a_cut_is_met_by_who_sends(ends, line):
    client, server = ends
    line.cut()
    server.sendall(b"discarded by the reset")
    assert hears_nothing(client, line)
    reset(server)
    assert hears_nothing(client, line)
    line.heal()
    assert hears_nothing(client, line)
    client.sendall(b"still here?")
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_the_answer_to_who_sends_can_be_lost_too(ends, line):
    client, server = ends
    line.cut("to_client")
    reset(server)
    assert hears_nothing(client, line)
    client.sendall(b"still here?")
    assert hears_nothing(client, line)
    line.heal()
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_forgotten_connections_are_lost_and_new_ones_pass(ends, connect, accept, line):
    client, server = ends
    line.cut()
    client.sendall(b"never")
    server.close()
    line.forget()
    line.heal()
    newcomer, its_server = connect(), accept()
    newcomer.sendall(b"hello")
    assert its_server.recv(100) == b"hello"
    client.sendall(b"nor this")
    assert hears_nothing(client, line)


def test_connecting_during_a_cut_gets_no_answer_until_it_is_healed(connect, accept, line):
    line.cut("to_client")
    gave_up, patient = connect(), connect()
    gave_up.sendall(b"too late")
    gave_up.close()
    patient.sendall(b"hello")
    assert hears_nothing(patient, line)
    line.heal()
    server = accept()
    assert server.recv(100) == b"hello"
    server.sendall(b"welcome")
    assert patient.recv(100) == b"welcome"


def test_a_server_that_is_not_there_refuses(server, connect):
    server.close()
    with pytest.raises(ConnectionResetError):
        connect().recv(100)


def test_a_server_that_comes_back_is_found(server, connect, line):
    address = server.getsockname()
    server.close()
    line.cut()
    client = connect()
    with socket.create_server(address) as back:
        back.settimeout(PATIENCE)
        line.heal()
        connection, _ = back.accept()
        with connection:
            connection.sendall(b"here again")
            assert client.recv(100) == b"here again"


def test_much_arrives_whole_however_slowly_it_is_read(ends, line):
    client, server = ends
    data = bytes(range(256)) * 50_000
    writing = threading.Thread(target=client.sendall, args=(data,))
    writing.start()
    received = receive(server, 1_000_000)
    line.cut()
    line.heal()
    received += receive(server, len(data) - len(received))
    writing.join()
    assert received == data


def test_in_the_end_all_is_closed(server, accept):
    with Cable("127.0.0.1", server.getsockname()[1]) as cable:
        client = socket.create_connection(("127.0.0.1", cable.port), PATIENCE)
        connection = accept()
        cable.cut()
    with client, pytest.raises(ConnectionResetError):
        client.recv(100)
    with pytest.raises(ConnectionResetError):
        connection.recv(100)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", cable.port), PATIENCE)
    with pytest.raises(RuntimeError, match="inside its with"):
        cable.heal()


def test_it_listens_where_it_is_asked_to(server, accept):
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    with Cable("127.0.0.1", server.getsockname()[1], listener=listener) as cable:
        assert cable.port == address[1]
        with socket.create_connection(address, PATIENCE) as client:
            client.sendall(b"hello")
            assert accept().recv(100) == b"hello"
    assert listener.fileno() == -1


async def test_an_async_test_uses_it_the_same_way(server, accept):
    async with Cable("127.0.0.1", server.getsockname()[1]) as cable:
        with socket.create_connection(("127.0.0.1", cable.port), PATIENCE) as client:
            client.sendall(b"hello")
            assert accept().recv(100) == b"hello"


def test_laid_again_it_is_whole(server, accept):
    cable = Cable("127.0.0.1", server.getsockname()[1])
    with cable:
        cable.cut()
    with cable, socket.create_connection(("127.0.0.1", cable.port), PATIENCE) as client:
        client.sendall(b"hello")
        assert accept().recv(100) == b"hello"


def test_a_wrong_direction_is_named(line):
    with pytest.raises(ValueError, match="'to_server', 'to_client' or None, not 'up'"):
        line.cut("up")


def test_it_needs_no_django_project():
    code = "from realtime.testing import Cable\nwith Cable('127.0.0.1', 9) as cable: cable.cut()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def receive(connection, size):
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        assert piece, f"ended after {received}"
        received += piece
    return received

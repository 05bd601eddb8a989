"""A visitor that was refused is cut off, whether or not it takes part in the close."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from realtime.access.first_frame import FIRST_FRAME_TIMEOUT

pytestmark = pytest.mark.processes

MASKED_TEXT = b"\x81\xfe\x10\x00" + bytes(4) + b"x" * 4096
"""One frame of a client, with a mask of zeros."""


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def running(request, shared_site):
    return shared_site(request.param)


@pytest.fixture
def served(running):
    return running.for_next_test()


def handshake(site, origin):
    lines = [
        "GET /realtime/ HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *([f"Origin: {origin}"] if origin else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def cut_off_after(peer, goes_on):
    """Return the seconds until the server ends the connection of a peer that never closes."""
    began = time.monotonic()
    peer.settimeout(0.02)
    while time.monotonic() - began < 30:
        try:
            if goes_on:
                peer.sendall(MASKED_TEXT)
            if peer.recv(65536) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize("goes_on", [False, True], ids=["silent", "sending"])
def test_a_refused_visitor_is_cut_off_after_a_second(served, goes_on):
    with ThreadPoolExecutor() as together:
        unknown = together.submit(see_cut_off, served, None, b"101", goes_on)
        foreign = together.submit(see_cut_off, served, "https://evil.example", b"403", goes_on)
    unknown.result()
    foreign.result()
    assert "Traceback" not in served.log()


def see_cut_off(served, origin, status, goes_on):
    waits_for_a_ticket = FIRST_FRAME_TIMEOUT if status == b"101" and not goes_on else 0
    with socket.create_connection(("127.0.0.1", served.port)) as peer:
        peer.sendall(handshake(served, origin))
        assert peer.recv(12) == b"HTTP/1.1 " + status
        assert cut_off_after(peer, goes_on) < 10 + waits_for_a_ticket

"""`realtime_check --live`: a page's steps with servers that are played."""

import asyncio
import base64
import contextlib
import hashlib
import json
import struct
import sys
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from realtime.doctor.address import read_address
from realtime.doctor.inside.sign_in import SignedIn, first_user
from realtime.doctor.outside.live import examine_live
from realtime.doctor.outside.plain_socket import GUID, HandshakeRefused, plain_socket
from realtime.doctor.rules.handshake import Answer
from realtime.doctor.rules.live import (
    judge_event_log,
    judge_heartbeat,
    judge_route,
    judge_server,
    judge_shared_layer,
)

pytestmark = pytest.mark.real_time

ALICE = SignedIn("sessionid=abc", "user.1", None)


@contextlib.asynccontextmanager
async def served(answer):
    """Play a server: ``answer`` takes the head of a request, a reader and a writer."""

    async def serve(reader, writer):
        await answer((await reader.readuntil(b"\r\n\r\n")).decode(), reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield read_address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


def says(status):
    async def answer(head, reader, writer):
        writer.write(f"HTTP/1.1 {status} Said\r\nServer: played\r\n\r\n".encode())

    return answer


def upgrade(head):
    key = head.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0].encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    return f"HTTP/1.1 101 Go\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()


def framed(text, *, first=0x81):
    data = text if isinstance(text, bytes) else text.encode()
    size = len(data)
    head = struct.pack("!BB", first, size) if size < 126 else struct.pack("!BBH", first, 126, size)
    return head + data


async def received(reader):
    """Return the text of a client's next frame."""
    _, size = await reader.readexactly(2)
    size &= 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    mask = await reader.readexactly(4)
    data = await reader.readexactly(size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


@pytest.mark.parametrize(
    ("status", "what", "do"),
    [
        (404, "answers 404 for /realtime/", "'daphne' first in INSTALLED_APPS"),
        (403, "refuses a socket at /realtime/", "CSRF_TRUSTED_ORIGINS"),
        (500, "fails to serve /realtime/", "application = realtime.asgi.application()"),
        (400, "status 400 from played", "Upgrade"),
    ],
)
async def test_a_server_that_opens_no_socket(status, what, do):
    async with served(says(status)) as address:
        server, route, *rest = await examine_live(address, ALICE)
    assert (server.id, server.level) == ("tcp", "ok")
    assert route.level == "error" and what in route.what and do in route.do
    assert {each.level for each in rest} == {"skipped"}


async def test_no_server():
    async with served(says(200)) as address:
        pass
    server, *rest = await examine_live(address, ALICE)
    assert server.level == "error" and "Connection refused" in server.what
    assert "manage.py runserver" in server.do
    assert [each.id for each in rest] == ["handshake", "welcome", "latency", "event-log", "layer"]


async def test_what_is_no_http_and_what_is_no_websocket():
    async def greet(head, reader, writer):
        writer.write(b"220 mail.example.com\r\n")

    for answer, failure in ((greet, "it was not HTTP"), (says(101), "Sec-WebSocket-Accept")):
        async with served(answer) as address:
            with pytest.raises(HandshakeRefused, match=failure):
                async with plain_socket(address, None):
                    pass


async def test_a_visitor_who_is_sent_away():
    async def answer(head, reader, writer):
        assert "Cookie: sessionid=abc" in head and f"Origin: {address.origin}" in head
        writer.write(upgrade(head))
        assert json.loads(await received(reader))["type"] == "ping"
        bye = {"type": "bye", "code": 4501, "reason": "not signed in"}
        writer.write(framed(json.dumps(bye)))

    async with served(answer) as address:
        findings = await examine_live(address, ALICE)
    assert [each.level for each in findings] == ["ok", "ok", "error", *3 * ["skipped"]]
    assert "4501" in findings[2].what


async def test_a_server_that_ends_the_socket():
    async def answer(head, reader, writer):
        writer.write(upgrade(head) + framed(struct.pack("!H", 1011), first=0x88))

    async with served(answer) as address:
        findings = await examine_live(address, ALICE)
    assert [each.level for each in findings] == ["ok", "ok", "error", *3 * ["skipped"]]
    assert "the server closed it, 1011" in findings[2].what


@pytest.mark.parametrize("text", ["[1]", "Hello!", b"\xff"])
async def test_a_socket_of_another_application(text):
    async def answer(head, reader, writer):
        writer.write(upgrade(head) + framed(text))

    async with served(answer) as address:
        findings = await examine_live(address, ALICE)
    assert "ConnectionError: no frame of realtime's came, but b" in findings[2].what


async def test_without_a_user_only_the_socket_is_tried():
    async def answer(head, reader, writer):
        assert "Cookie" not in head
        writer.write(upgrade(head))

    async with served(answer) as address:
        findings = await examine_live(address, None)
    assert [each.level for each in findings] == ["ok", "ok", *4 * ["skipped"]]
    assert "createsuperuser" in findings[2].what


async def test_frames_of_all_sizes_and_in_pieces():
    answers = []

    async def answer(head, reader, writer):
        writer.write(upgrade(head))
        answers.append(json.loads(await received(reader))["padding"])
        writer.write(framed(b"a", first=0x89))  # A ping of the server's own.
        text = json.dumps({"type": "event", "padding": "y" * 300})
        writer.write(framed(text[:10], first=0x01) + framed(text[10:], first=0x80))
        answers.append(await received(reader))
        writer.write(framed('{"type":"ping","nonce":"n"}') + framed('{"type":"event"}'))
        answers.append(json.loads(await received(reader)))
        writer.write(framed(struct.pack("!H", 4412), first=0x88))

    async with served(answer) as address, plain_socket(address, None) as socket:
        socket.send({"type": "any", "padding": "x" * 1000})
        assert (await socket.frame("event"))["padding"] == "y" * 300
        await socket.frame("event")
        with pytest.raises(ConnectionError, match="4412"):
            await socket.frame("event")
    assert answers == ["x" * 1000, b"a", {"type": "pong", "nonce": "n"}]


def test_what_is_said_of_each_step():
    assert judge_server("http://a").level == judge_heartbeat(0.1).level == "ok"
    assert judge_route(Answer(101), "http://a", "/realtime/").level == "ok"
    assert judge_event_log(None).level == "ok"
    other = judge_event_log("its log is another one")
    assert other.level == "error" and "same SECRET_KEY, database" in other.do
    assert "within 10 s" in judge_shared_layer(True, None, 10.0).what
    assert "after 12 ms" in judge_shared_layer(False, 0.012, 10.0).what
    late = judge_shared_layer(False, None, 10.0)
    assert late.level == "error" and "same CHANNEL_LAYERS" in late.do


def check(*arguments):
    output = StringIO()
    call_command("realtime_check", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_is_missing(monkeypatch, settings):
    monkeypatch.setattr(sys, "argv", ["manage.py", "realtime_check"])
    settings.DEBUG = True
    settings.ASGI_APPLICATION = None
    said = check()
    assert "realtime.W005" in said and "ASGI_APPLICATION = 'project.asgi.application'" in said
    settings.REALTIME = {"HEARTBEAT": 3}
    output = StringIO()
    with pytest.raises(SystemExit):
        call_command("realtime_check", "--live", stdout=output)
    assert "skipped   tcp, handshake, welcome" in output.getvalue()


@pytest.mark.django_db(transaction=True)
def test_who_is_signed_in(settings):
    settings.DEBUG = True
    users = get_user_model().objects
    assert first_user() is None
    users.create_user("gone", is_active=False)
    users.create_user("alice")
    assert first_user() == "alice"
    with pytest.raises(CommandError, match="There is no user 'bob'"):
        check("--live", "--user", "bob")
    with pytest.raises(CommandError, match="is no address"):
        check("--live", "localhost")

"""What SocketShark's users have, on real servers: its clients, and its services as streams."""

import time

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

APP = "tests.end_to_end.socketshark_site:application"
BOOK = {"subscription": "books.book_1"}


@pytest.fixture
def served(site):
    return site("uvicorn", app=APP)


def shark(served, username="alice"):
    """Connect as a client of SocketShark does, which knows nothing of our protocol."""
    cookies = served.login(username).cookie_header()
    return wire(served, path="/shark/", cookies=cookies, subprotocols=[])


async def say(socket, event, subscription, **more):
    """Send a frame of SocketShark's protocol; return the next one that comes."""
    await socket.send({"event": event, "subscription": subscription, **more})
    return await socket.frame()


def without_times(message):
    assert message.pop("sent_at").endswith("+00:00") and message.pop("published_at")
    return message


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_the_conversation_of_its_documentation(site, server):
    served = site(server, app=APP)
    async with shark(served) as socket:
        await socket.send({"event": "auth", "method": "ticket"})
        failed = {"event": "auth", "status": "error", "error": "Must specify ticket."}
        assert await socket.frame() == failed
        answer = await say(socket, "subscribe", "books.missing")
        error = {"event": "subscribe", "subscription": "books.missing", "status": "error"}
        assert answer == {**error, "error": "Book does not exist."}
        answer = await say(socket, "subscribe", "books.book_1", author_id="author_1", more="x")
        about = {**BOOK, "author_id": "author_1"}
        ok = {"event": "subscribe", "status": "ok", **about}
        assert answer == {**ok, "data": {"title": "Everyone poops"}}
        await socket.send({"event": "auth", "ticket": "any: the socket has a session"})
        assert await socket.frame() == {"event": "auth", "status": "ok"}

        update = {"action": "update", "answer": {"status": "Book was updated."}}
        answer = await say(socket, "message", "books.book_1", data=update)
        ok = {"event": "message", "status": "ok", **about}
        assert answer == {**ok, "data": {"status": "Book was updated."}}
        answer = await say(socket, "message", "books.book_1", data={"action": "burn"})
        error = {"event": "message", "status": "error", **about}
        assert answer == {**error, "error": "Book could not be updated."}
        title = {"title": "New book title"}
        await socket.send({"event": "message", **BOOK, "data": {"publish": [title]}})
        frames = [await socket.frame(), await socket.frame()]
        [message] = [frame for frame in frames if "status" not in frame]
        assert without_times(message) == {"event": "message", **about, "data": title}

        assert await say(socket, "ping", None, data="foobar") == {"event": "pong", "data": "foobar"}
        answer = await say(socket, "unsubscribe", "books.book_1")
        assert answer == {"event": "unsubscribe", "status": "ok", **about}
        answer = await say(socket, "unsubscribe", "books.book_1")
        error = {"event": "unsubscribe", "status": "error", **BOOK}
        assert answer == {**error, "error": "Subscription does not exist."}
        await socket.send("no JSON")
        sentence = "Messages must be JSON and contain an event field."
        assert await socket.frame() == {"status": "error", "error": sentence}
    assert "Traceback" not in served.log()


async def test_a_client_signs_in_with_a_ticket_or_learns_why_not(served):
    async with shark(served) as socket:
        await say(socket, "subscribe", "books.7")
        answer = await say(socket, "message", "books.7", data={"action": "ticket"})
        ticket = answer["data"]["ticket"]
    auth = {"event": "auth", "method": "ticket"}
    async with wire(served, path="/shark/", subprotocols=[]) as socket:
        await socket.send({**auth, "ticket": ticket})
        assert await socket.frame() == {"event": "auth", "status": "ok"}
        assert (await say(socket, "subscribe", "books.7"))["status"] == "ok"
    for used_or_forged, code in ((ticket, 4401), ("forged", 4501)):
        async with wire(served, path="/shark/", subprotocols=[]) as socket:
            await socket.send({**auth, "ticket": used_or_forged})
            sentence = "Authentication failed."
            assert await socket.frame() == {"event": "auth", "status": "error", "error": sentence}
            assert await socket.closed() == code
    async with wire(served, path="/shark/", subprotocols=[]) as socket:
        answer = await say(socket, "subscribe", "books.7")
        assert answer["error"] == "Authentication required."
        assert await socket.closed() == 4501


async def test_a_client_gets_what_its_services_select(served):
    await only_what_is_for_a_client_comes_to_it(served)
    await order_and_throttle_thin_the_messages_out(served)
    await who_comes_to_a_cache_gets_the_newest(served)


async def only_what_is_for_a_client_comes_to_it(served):
    async with shark(served) as alice, shark(served, "bob") as bob:
        for socket in (alice, bob):
            await say(socket, "subscribe", "books.7", author_id="a1")
        events = [{"user": "bob", "n": 1}, {"author_id": "a2", "n": 2}, {"n": 3}]
        events += [{"author_id": "a1", "user": "alice", "n": 4}, {"n": 5}]
        await alice.send(
            {"event": "message", "subscription": "books.7", "data": {"publish": events}}
        )
        assert await numbers(alice, 5) == [3, 4, 5]
        assert await numbers(bob, 5) == [1, 3, 5]


async def numbers(socket, last):
    """Return the numbers of the messages up to this one, without confirmations."""
    found = []
    while last not in found:
        frame = await socket.frame()
        found += [frame["data"]["n"]] if "status" not in frame else []
    return found


async def order_and_throttle_thin_the_messages_out(served):
    async with shark(served) as socket:
        for subscription in ("calls.1", "stats.1"):
            await say(socket, "subscribe", subscription)
        calls = [("s", 1), ("s", 3), ("s", 2), ("t", 1), ("t", 3), ("t", 2), ("u", 9)]
        events = [{"key": key, "order": n, "n": f"{key}{n}"} for key, n in calls]
        await socket.send(
            {"event": "message", "subscription": "calls.1", "data": {"publish": events}}
        )
        assert await numbers(socket, "u9") == ["s1", "s3", "t1", "t3", "u9"]
        events = [{"n": n} for n in range(20)]
        await socket.send(
            {"event": "message", "subscription": "stats.1", "data": {"publish": events}}
        )
        began = time.monotonic()
        seen = await numbers(socket, 19)
        assert seen[0] == 0
        assert len(seen) <= (time.monotonic() - began) / 0.4 + 2


async def who_comes_to_a_cache_gets_the_newest(served):
    async with shark(served) as socket:
        await say(socket, "subscribe", "weather.here")
        events = [{"n": n} for n in range(10)]
        message = {"event": "message", "subscription": "weather.here"}
        await socket.send({**message, "data": {"publish": events}})
        await numbers(socket, 9)
    async with shark(served) as socket:
        await say(socket, "subscribe", "weather.here")
        await socket.send({**message, "data": {"publish": [{"n": 10}]}})
        assert await numbers(socket, 10) == [9, 10]


async def test_hooks_run_in_their_turn_also_when_the_socket_breaks(served):
    async with shark(served) as socket:
        await say(socket, "subscribe", "books.7", author_id="a1")
        sticky = await say(socket, "subscribe", "books.sticky")
        assert sticky["status"] == "ok"
        answer = await say(socket, "unsubscribe", "books.sticky")
        assert (answer["status"], answer["error"]) == ("error", "You stay.")
        log = served.log
        beat = "HOOK on_heartbeat books.7 alice {'author_id': 'a1'}"
        await until(lambda: beat in log(), 30, "a ping was answered")
    for name, given in (("books.7", "{'author_id': 'a1'}"), ("books.sticky", "{}")):
        end = f"HOOK on_unsubscribe {name} alice {given}"
        await until(lambda end=end: end in log(), 20, "the socket has ended")
        assert log().index(f"HOOK on_subscribe {name}") < log().index(end)
        assert log().count(end) == 1


async def test_the_sender_is_left_out_and_finds_no_hole(site, redis_server):
    """Our own protocol, over two servers."""
    here = site("uvicorn", app=APP, redis=redis_server)
    there = site("daphne", app=APP, redis=redis_server, database_url=here.database_url)
    cookies = here.login("alice").cookie_header()
    async with wire(here, cookies=cookies) as sender, wire(there, cookies=cookies) as other:
        for socket in (sender, other):
            await socket.send({"type": "subscribe", "ref": 1, "stream": "calls.1"})
            await socket.frame("subscribed")
        send = {"type": "send", "ref": 2, "stream": "calls.1", "name": "n"}
        await sender.send({**send, "data": {"publish": [{"n": 1}, {"n": 2}], "others": True}})
        await sender.send({**send, "data": {"publish": [{"n": 3}]}})
        assert [(await other.frame("event"))["offset"] for _ in range(3)] == [1, 2, 3]
        assert (await sender.frame("event"))["offset"] == 3
        skipped = await sender.frame("skipped")
        assert (skipped["after"], skipped["offset"]) == (0, 2)

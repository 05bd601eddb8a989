"""The mixin and the middleware on real servers: a heartbeat for applications of one's own."""

import asyncio
import json

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

OWN = ["/async/", "/sync/", "/plain/", "/both/"]


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def running(request, shared_site):
    return shared_site(request.param, app="tests.end_to_end.served:application")


@pytest.fixture
def served(running):
    return running.for_next_test()


async def on_each(paths, see):
    """See something on each path, together, because all that takes its time is the heartbeat."""

    async def noted(path):
        try:
            await see(path)
        except Exception as error:
            error.add_note(f"on {path}")
            raise

    await asyncio.gather(*map(noted, paths))


def said(path):
    """A frame that every application of the test answers with something that holds it."""
    return '{"hello": 1}' if path in ("/async/", "/both/") else "hello"


async def test_the_application_works_as_before_and_both_ends_beat(served):
    async def see(path):
        async with wire(served, path=path, subprotocols=[]) as socket:
            welcome = await socket.frame()
            assert "me" not in welcome
            assert welcome["heartbeat"] == {"interval": 0.5, "timeout": 0.5}
            await socket.send({"type": "ping", "nonce": "mine"})
            assert await socket.frame() == {"type": "pong", "nonce": "mine"}
            await until(lambda: socket.answered >= 2, 20, "two pings were answered")
            await socket.send(said(path))
            answer = await socket.frame()
            assert "hello" in json.dumps(answer)
            if "latency" in answer:
                assert 0 < answer["latency"] < 0.5

    await on_each(OWN, see)


async def test_frames_that_only_look_like_heartbeats_are_the_applications(served):
    async def see(path):
        async with wire(served, path=path, subprotocols=[]) as socket:
            await socket.frame("welcome")
            socket.silent = True
            for frame in [
                '{"type": "ping", "nonce": 7}',
                '{"type": "pong", "nonce": "x", "more": 1}',
                '{"type": "ping"}',
                '["ping", "nonce"]',
                '"nonce"',
            ]:
                await socket.send(frame)
                while is_heartbeat(echo := await socket.frame()):
                    pass
                assert echo == json.loads(frame)

    await on_each(["/sync/", "/plain/"], see)


def is_heartbeat(frame):
    return isinstance(frame, dict) and isinstance(frame.get("nonce"), str) and len(frame) == 2


async def test_a_peer_that_went_silent_is_disconnected_with_4408(served):
    async def see(path):
        async with wire(served, path=path, subprotocols=[]) as socket:
            await until(lambda: socket.answered >= 1, 20, "a ping was answered")
            socket.silent = True
            assert (await socket.frame("bye"))["code"] == 4408
            assert await socket.closed() == 4408

    await on_each(OWN, see)
    ended = {"async": 2, "sync": 1, "plain": 1}  # "/both/" is async, too.
    await until(
        lambda: all(
            served.log().count(f"DISCONNECT {kind} 4408") == n for kind, n in ended.items()
        ),
        20,
        "the applications are disconnected",
    )
    assert served.log().count("STALE") == 3  # The plain one has no method for it.
    assert "Traceback" not in served.log()


async def test_a_dead_path_disconnects_the_application_without_a_closing_handshake(served, cable):
    async def see(path):
        async with wire(served, path=path, subprotocols=[]) as socket:
            await until(lambda: socket.answered >= 1, 20, "a ping was answered")
            cable.cut(socket.port)
            ended = f"DISCONNECT {path.strip('/')}"
            await until(lambda: ended in served.log(), 20, "disconnect() was called")
            await until(lambda: served.open_sockets() == 0, 20, "the file descriptor is closed")

    await on_each(["/async/", "/sync/"], see)


async def test_a_handler_that_sleeps_loses_nothing_and_is_not_closed(served):
    async def see(path):
        sleep = '{"sleep": 2}' if path in ("/async/", "/both/") else "sleep 2"
        async with wire(served, path=path, subprotocols=[]) as socket:
            await socket.frame("welcome")
            await socket.send(sleep)
            for _ in range(20):
                await socket.send(said(path))
            for _ in range(21):
                await socket.frame()
            assert socket.answered >= 3

    await on_each(OWN, see)
    assert "code=4408" not in served.log()


async def test_many_frames_together_are_no_flood_for_an_application_that_takes_them(served):
    async def see(path):
        async with wire(served, path=path, subprotocols=[]) as socket:
            await socket.frame("welcome")
            for _ in range(150):
                await socket.send(said(path))
            for _ in range(150):
                assert "hello" in json.dumps(await socket.frame())

    await on_each(OWN, see)


async def test_an_application_that_never_reads_keeps_a_peer_that_answers_and_is_closed(served):
    async with wire(served, path="/sender/", subprotocols=[]) as socket:
        await socket.frame("welcome")
        assert [await socket.frame() for _ in range(30)] == list(range(30))
        assert socket.answered >= 3
        assert await socket.closed() == 1000


async def test_too_many_frames_for_a_sleeping_handler_end_the_socket(served):
    async with wire(served, path="/async/", subprotocols=[]) as socket:
        await socket.frame("welcome")
        await socket.send('{"type": "pong", "nonce": "to have spoken"}')
        await socket.send('{"sleep": 2}')
        for _ in range(34):
            await socket.send('{"hello": 1}')
        assert (await socket.frame("bye"))["code"] == 4429
        assert await socket.closed() == 4429
        await until(lambda: "DISCONNECT async 4429" in served.log(), 20, "disconnect() was called")


async def test_a_page_from_before_an_upgrade_is_left_alone_where_heartbeats_are_not_required(
    served,
):
    async with (
        wire(served, path="/lenient/", subprotocols=[]) as old_page,
        wire(served, path="/async/", subprotocols=[]) as strict,
    ):
        old_page.silent = strict.silent = True
        await old_page.frame("welcome")
        assert await strict.closed() == 4408
        await old_page.send('{"hello": 1}')
        assert "echo" in await old_page.frame()
    async with wire(served, path="/lenient/", subprotocols=[]) as new_page:
        await new_page.send('{"type": "ping", "nonce": "first"}')
        await until(lambda: new_page.answered >= 1, 20, "the server pings a peer that has spoken")


async def test_a_peer_that_never_spoke_is_closed_without_a_bye(served):
    async with wire(served, path="/async/", subprotocols=[]) as socket:
        socket.silent = True
        assert await socket.closed() == 4408
        with pytest.raises(AssertionError, match="ended without bye"):
            await socket.frame("bye")


async def test_the_middleware_around_our_consumer_leaves_the_heartbeat_to_it(served):
    cookies = served.login("alice").cookie_header()
    async with wire(served, path="/wrapped/", cookies=cookies) as socket:
        assert (await socket.frame())["me"]
        for nonce in ("one", "two"):  # A second pong to the first would come before this one.
            await socket.send({"type": "ping", "nonce": nonce})
            assert await socket.frame() == {"type": "pong", "nonce": nonce}

"""The protocol on real servers, frame by frame, as docs/protocol.md has it."""

import asyncio
import json
import random
import re

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def running(request, shared_site):
    return shared_site(request.param)


@pytest.fixture(scope="module")
def cookies(running):
    return running.login("alice").cookie_header()


@pytest.fixture
def any_site(running):
    return running.for_next_test()


@pytest.fixture(scope="module")
def app_running(shared_site):
    return shared_site("uvicorn", app="tests.end_to_end.served:application")


@pytest.fixture
def served(app_running):
    return app_running.for_next_test()


async def test_welcome_is_first_and_announces_the_heartbeat(any_site, cookies):
    async with wire(any_site, cookies=cookies) as socket:
        welcome = await socket.frame()
        assert welcome.pop("socket") and welcome.pop("now") > 1_700_000_000_000
        assert re.fullmatch(r"user\.\d+", welcome.pop("me"))
        assert welcome == {
            "type": "welcome",
            "version": 1,
            "heartbeat": {"interval": 10.0, "timeout": 8.0},
            "limits": {"frames_per_second": 100, "frame_bytes": 65536, "streams": 100},
        }
        assert socket.subprotocol == "realtime.v1"


async def test_ping_is_answered_and_commands_are(any_site, cookies):
    async with wire(any_site, cookies=cookies) as socket:
        await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
        me = (await socket.frame("welcome"))["me"]
        answer = await socket.frame()
        assert len(answer.pop("epoch")) >= 8
        assert answer.pop("snapshot") == {"calls": []}
        assert answer == {
            "type": "subscribed",
            "ref": 1,
            "stream": me,
            "offset": 0,
            "recovered": False,
        }
        await socket.send({"type": "ping", "nonce": "n" * 128})
        assert await socket.frame() == {"type": "pong", "nonce": "n" * 128}
        for frame, code in [
            ({"type": "subscribe", "ref": 2, "stream": me}, "already_subscribed"),
            ({"type": "subscribe", "ref": 3, "stream": "user.999"}, "forbidden"),
            ({"type": "subscribe", "ref": 4, "stream": "nothing.1"}, "unknown_stream"),
            ({"type": "subscribe", "ref": 5, "stream": "no such name!"}, "bad_frame"),
            ({"type": "unsubscribe", "ref": 6, "stream": "user.999"}, "not_subscribed"),
            ({"type": "send", "ref": 7, "stream": "user.999", "name": "x"}, "not_subscribed"),
            ({"type": "send", "ref": 8, "stream": me, "name": "x", "data": 1}, "refused"),
            ({"type": "dance", "ref": 9}, "unknown_type"),
        ]:
            await socket.send(frame)
            answer = await socket.frame()
            assert (answer["type"], answer["code"], answer["ref"]) == ("error", code, frame["ref"])
            assert answer["message"].endswith(".")
        await socket.send({"type": "unsubscribe", "ref": 10, "stream": me})
        expected = {"type": "unsubscribed", "ref": 10, "stream": me, "reason": "asked"}
        assert await socket.frame() == expected


BAD_FRAMES = [
    ("not JSON", "bad_frame"),
    (b"\x00\x01", "bad_frame"),
    ("[1, 2]", "bad_frame"),
    ("{}", "bad_frame"),
    ('{"type": 7}', "bad_frame"),
    ('{"type": "ping"}', "bad_frame"),
    (json.dumps({"type": "ping", "nonce": "n" * 129}), "bad_frame"),
    ('{"type": "subscribe", "ref": {}, "stream": "me"}', "bad_frame"),
    ("[" * 50_000, "bad_frame"),
    ('{"type": "ping", "ref": ' + "9" * 5000 + "}", "bad_frame"),
    (json.dumps({"type": "ping", "nonce": "n" * 65536}), "too_large"),
    (json.dumps({"type": "ping", "nonce": "ü" * 40_000}, ensure_ascii=False), "too_large"),
]


async def test_a_bad_frame_gets_an_error_and_one_log_line_and_the_socket_goes_on(any_site, cookies):
    async with wire(any_site, cookies=cookies) as socket:
        await socket.frame("welcome")
        for sent, code in BAD_FRAMES:
            await socket.send(sent)
            assert (await socket.frame("error"))["code"] == code, sent[:40]
        await socket.send({"type": "ping", "nonce": "still here"})
        assert await socket.frame() == {"type": "pong", "nonce": "still here"}
    assert any_site.log().count("refused socket=") == len(BAD_FRAMES)
    assert "Traceback" not in any_site.log()


async def test_ten_thousand_random_frames_kill_nothing(any_site, cookies):
    dice = random.Random(7)
    kinds = ["ping", "pong", "subscribe", "unsubscribe", "send", "welcome", "", None, 3]
    sent = 0
    closes = set()
    while sent < 10_000:
        async with wire(any_site, cookies=cookies) as socket:
            try:
                while sent < 10_000:
                    frame = {"type": dice.choice(kinds), "nonce": dice.choice(["a", 1, None])}
                    frame |= {"stream": dice.choice(["me", "user.1", "x" * 200, {}]), "ref": sent}
                    noise = dice.randbytes(dice.randrange(1, 40))
                    await socket.send(dice.choice([frame, noise, noise.decode("latin1")]))
                    sent += 1
            except ConnectionClosed:
                pass
            closes.add(await socket.closed(15) if sent < 10_000 else 4429)
    # A server that closes with frames unread may lose its close code on the way.
    assert 4429 in closes and closes <= {4429, 1006}
    assert "Traceback" not in any_site.log()
    async with wire(any_site, cookies=cookies) as socket:
        await socket.frame("welcome")


async def test_an_anonymous_visitor_gets_a_bye_without_retry(any_site):
    async with wire(any_site) as socket:
        await socket.send({"type": "ping", "nonce": "hello"})
        bye = {"type": "bye", "code": 4501, "reason": "not signed in", "retry": False}
        assert await socket.frame("bye") == bye
        assert await socket.closed() == 4501


async def test_a_visitor_who_says_nothing_gets_it_after_three_seconds(site):
    async with wire(site("uvicorn")) as socket:
        assert (await socket.frame())["code"] == 4501


async def test_a_forged_session_is_an_anonymous_visitor(any_site):
    async with wire(any_site, cookies='sessionid="no;such; session') as socket:
        assert (await socket.frame())["code"] == 4501


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "file:///x"])
async def test_a_foreign_page_is_refused(any_site, cookies, origin):
    with pytest.raises(InvalidStatus) as refusal:
        async with wire(any_site, cookies=cookies, origin=origin):
            pass
    assert refusal.value.response.status_code == 403


async def test_a_page_of_the_site_is_let_in(any_site, cookies):
    async with wire(any_site, cookies=cookies, origin=any_site.url) as socket:
        await socket.frame("welcome")


async def test_an_unknown_version_is_selected_and_then_refused(any_site, cookies):
    async with wire(any_site, cookies=cookies, subprotocols=["realtime.v9"]) as socket:
        assert socket.subprotocol == "realtime.v9"
        assert (await socket.frame())["code"] == 4503
        assert await socket.closed() == 4503


async def test_no_subprotocol_is_taken_for_this_version(any_site, cookies):
    async with wire(any_site, cookies=cookies, subprotocols=[]) as socket:
        assert (await socket.frame())["version"] == 1
        assert socket.subprotocol is None


async def test_the_oldest_of_too_many_sockets_is_closed(any_site, cookies):
    async with wire(any_site, cookies=cookies) as oldest:
        await oldest.frame("welcome")
        others = [wire(any_site, cookies=cookies) for _ in range(20)]
        for other in others:
            socket = await other.__aenter__()
            await socket.frame("welcome")
        assert (await oldest.frame("bye"))["retry"] is False
        assert await oldest.closed() == 4505
        for other in others:
            await other.__aexit__(None, None, None)


async def test_the_stream_after_the_hundredth_is_refused(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        for number in range(101):
            await socket.send({"type": "subscribe", "ref": number, "stream": f"open.{number}"})
            answer = await socket.frame()
            assert answer["ref"] == number
        assert (answer["type"], answer["code"]) == ("error", "too_many")


async def test_a_stream_offers_its_snapshot_and_answers(site):
    served = site("daphne", app="tests.end_to_end.served:application")
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        await socket.send({"type": "subscribe", "ref": 1, "stream": "open.7"})
        assert (await socket.frame())["snapshot"] == {"key": "7", "for": "alice"}
        await socket.send({"type": "send", "ref": 2, "stream": "open.7", "name": "echo", "data": 5})
        assert await socket.frame() == {"type": "reply", "ref": 2, "data": 5}
        await socket.send({"type": "send", "ref": 3, "stream": "open.7", "name": "crash"})
        assert (await socket.frame())["code"] == "internal"
        assert served.log().count("ZeroDivisionError: ") == 1


async def test_a_snapshot_larger_than_the_limit_and_a_burst_end_no_healthy_socket(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        answered = socket.answered
        await socket.send({"type": "subscribe", "ref": 1, "stream": "open.big"})
        assert len((await socket.frame("subscribed"))["snapshot"]) == 400_000
        await until(lambda: socket.answered > answered, 20, "the snapshot's arrival is proved")
        publish = {"type": "send", "stream": "open.big", "name": "publish", "data": [60, 10_000]}
        await socket.send({**publish, "ref": 2})
        events = [await socket.frame("event") for _ in range(60)]
        assert [event["offset"] for event in events] == list(range(1, 61))


async def test_many_commands_together_are_all_answered(any_site, cookies):
    async with wire(any_site, cookies=cookies) as socket:
        for ref in range(100):
            await socket.send({"type": "subscribe", "ref": ref, "stream": f"nothing.{ref}"})
        assert [(await socket.frame("error"))["ref"] for ref in range(100)] == list(range(100))


async def test_a_busy_application_delays_no_pong_and_has_a_bounded_queue(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        await socket.send({"type": "subscribe", "ref": 1, "stream": "open.7"})
        await socket.frame("subscribed")
        sleep = {"type": "send", "stream": "open.7", "name": "sleep", "data": 5}
        for ref in range(33):
            await socket.send({**sleep, "ref": ref})
        await asyncio.sleep(1)
        await socket.send({"type": "ping", "nonce": "now"})
        assert await socket.frame(timeout=3) == {"type": "pong", "nonce": "now"}
        await socket.send({**sleep, "ref": 33})
        assert (await socket.frame("bye"))["code"] == 4429
        assert await socket.closed() == 4429

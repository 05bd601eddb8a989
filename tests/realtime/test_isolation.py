"""One user must not be felt by another: slow application code, slow stores, much work."""

import asyncio
import json
import statistics
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends import db

from realtime.consumers import RealtimeConsumer
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError
from tests.processes.waiting import until
from tests.virtual_time import elapsed

pytestmark = pytest.mark.django_db(transaction=True)

application = RealtimeConsumer.as_asgi()

FELT = 0.2
"""Seconds that nobody else may wait longer, by the loop's clock: 0.01 were measured."""
HOLD = 10
"""Seconds after which a thread that is held goes on by itself."""


class Held:
    """Keeps threads that come until the test is over, except the first few."""

    def __init__(self):
        self.may_pass = 0
        self._is_over = threading.Event()
        self._guard = threading.Lock()

    def here(self):
        with self._guard:
            self.may_pass -= 1
            passes = self.may_pass >= 0
        assert passes or self._is_over.wait(HOLD)

    def release(self):
        self._is_over.set()


@pytest.fixture
def held(monkeypatch):
    held = Held()
    monkeypatch.setattr(SlowStream, "held", held, raising=False)
    monkeypatch.setattr(SlowPicture, "held", held, raising=False)
    yield held
    held.release()


@register("slow")
class SlowStream(Stream):
    def authorize(self, user):
        if self.key == "1":
            self.held.here()
        return True


@register("slowpicture")
class SlowPicture(Stream):
    async def authorize(self, user):
        return True

    def snapshot(self, user):
        self.held.here()
        return {"a": "picture"}

    async def receive(self, user, name, data):
        return data


def user(pk):
    return get_user_model()(pk=pk, username=str(pk))


def socket_of(pk, **options):
    return RealtimeCommunicator(application, user=user(pk), timeout=10, **options)


@pytest.fixture
def cookie(client, settings):
    """The session cookie of bob."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client.force_login(get_user_model().objects.create_user("bob", password="demo"))
    return f"sessionid={client.cookies['sessionid'].value}"


async def sign_in(cookie, address="192.0.2.1", clock=elapsed):
    """Return the seconds until the welcome, or until the close and its code."""

    async def from_address(scope, receive, send):
        await application({**scope, "client": (address, 50000)}, receive, send)

    began = clock()
    headers = {"cookie": cookie}
    async with RealtimeCommunicator(from_address, headers=headers, timeout=10) as socket:
        seconds = clock() - began
        return seconds, None if socket.welcome else await socket.closed()


async def test_a_slow_authorize_of_another_users_many_sockets_is_not_felt(cookie, held):
    sockets = [socket_of(1) for _ in range(20)]
    for socket in sockets:
        await socket.__aenter__()
        await socket.send_frame({"type": "subscribe", "ref": 1, "stream": "slow.1"})
    await until(lambda: held.may_pass < 0, HOLD, "one is held")
    assert await sign_in(cookie) == (pytest.approx(0, abs=FELT), None)
    began = elapsed()
    async with socket_of(2) as other:
        await other.subscribe("slow.2", timeout=10)
    assert elapsed() - began < FELT
    held.release()
    for socket in sockets:
        await socket.close(timeout=10)


async def test_all_that_wait_for_a_slow_snapshot_are_answered_or_refused_in_time(settings, held):
    settings.REALTIME = {**settings.REALTIME, "COMMAND_TIMEOUT": 0.3}
    held.may_pass = 4

    async def subscribe(pk):
        async with socket_of(pk) as socket:
            began = elapsed()
            try:
                await socket.subscribe("slowpicture.1", timeout=10)
                outcome = "answered"
            except RealtimeError as error:
                assert (error.code, error.message) == (
                    "internal",
                    "The server is too busy to do this in time; try again.",
                )
                outcome = "refused"
            return outcome, elapsed() - began

    outcomes = await asyncio.gather(*(subscribe(pk) for pk in range(16)))
    assert sorted(outcome for outcome, _ in outcomes) == ["answered"] * 4 + ["refused"] * 12
    assert max(seconds for _, seconds in outcomes) < 0.3 + FELT


async def test_a_slow_store_and_made_up_cookies_hold_nobody_up_longer_than_the_timeout(
    settings, monkeypatch, cookie, held
):
    settings.REALTIME = {**settings.REALTIME, "SIGN_IN_TIMEOUT": 0.3}

    class SlowForTheMadeUp(db.SessionStore):
        key_salt = "django.contrib.sessions.SessionStore"  # Sessions of Django's own are read.

        def load(self):
            if self.session_key.startswith("madeup"):
                held.here()
            return super().load()

    engine = SimpleNamespace(SessionStore=SlowForTheMadeUp)
    monkeypatch.setitem(sys.modules, "slow_sessions", engine)
    settings.SESSION_ENGINE = "slow_sessions"
    made_up = [
        asyncio.create_task(sign_in(f"sessionid=madeup{n:020}", "198.51.100.3")) for n in range(24)
    ]
    await asyncio.sleep(0.1)
    assert await sign_in(cookie, "192.0.2.1") == (pytest.approx(0, abs=FELT), None)
    seconds, code = await sign_in(cookie, "198.51.100.3")
    assert seconds < 0.3 + FELT and code in (None, 4414)
    for seconds, code in await asyncio.gather(*made_up):
        assert seconds < 0.3 + FELT and code == 4414


async def test_floats_without_end_are_not_felt(cookie):
    """By what the loop's thread works meanwhile: a busy machine delays everything."""
    floats = json.dumps({"type": "send", "stream": "s", "name": "n", "data": [0.1] * 12_000})
    sockets = [socket_of(1) for _ in range(3)]
    for socket in sockets:
        await socket.__aenter__()

    async def flood(socket):
        while not any(frame["type"] == "bye" for frame in socket.unread):
            await socket.send_frame(floats)
            await asyncio.sleep(0.01)

    floods = [asyncio.create_task(flood(socket)) for socket in sockets]
    signed_in = [await sign_in(cookie, clock=time.thread_time) for _ in range(5)]
    assert [code for _, code in signed_in] == [None] * 5
    assert statistics.median(seconds for seconds, _ in signed_in) < FELT
    await asyncio.gather(*floods)
    assert [await socket.closed() for socket in sockets] == [4429] * 3

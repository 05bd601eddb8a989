"""The layer that needs PostgreSQL alone, on a real one.

Each test runs a loop of its own, in real time.
"""

import asyncio
import contextlib
import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from realtime.exceptions import LinkFault
from realtime.layer import postgres_connection, postgres_payloads
from realtime.layer.link import LayerLink
from realtime.layer.postgres import PostgresChannelLayer
from realtime.layer.postgres_payloads import PART
from tests.processes.proxies import PgBouncer
from tests.processes.waiting import until, wait_until

pytestmark = pytest.mark.processes

BACKEND = "realtime.layer.postgres.PostgresChannelLayer"


def run(scenario, seconds=20):
    """Run a scenario in a loop of its own; what it leaves open is an error."""

    async def limited():
        async with asyncio.timeout(seconds):
            await scenario

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def opened(*layers):
    try:
        yield
    finally:
        for layer in layers:
            await layer.close_connections()


async def next_of(layer, channel):
    async with asyncio.timeout(10):
        return await layer.receive(channel)


async def joined(layer, group="group"):
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    return channel


def ask(url, query):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'channel layer'"


@pytest.fixture
def make(postgres_url):
    return lambda **options: PostgresChannelLayer(dsn=postgres_url, **options)


def test_messages_reach_the_channels_and_groups_that_they_are_for(make):
    async def scenario():
        sending, reading, elsewhere = make(), make(), make(prefix="elsewhere")
        async with opened(sending, reading, elsewhere):
            one, other = await joined(reading), await joined(reading)
            foreign = await joined(elsewhere)
            await sending.group_send("group", {"type": "for.both", "list": [1], "text": "ä\0'\\"})
            found = [await next_of(reading, channel) for channel in (one, other)]
            assert found == [{"type": "for.both", "list": [1], "text": "ä\0'\\"}] * 2
            found[0]["list"].append("this reader's own")
            assert found[1]["list"] == [1]
            await reading.group_discard("group", one)
            await reading.group_discard("group", "nobody")
            await sending.group_send("group", {"type": "for.other"})
            await sending.send(one, {"type": "for.one"})
            await sending.send("worker", {"type": "for.nobody"})
            assert await next_of(reading, one) == {"type": "for.one"}
            assert await next_of(reading, other) == {"type": "for.other"}
            await elsewhere.send(foreign, {"n": 1})
            assert await next_of(elsewhere, foreign) == {"n": 1}

    run(scenario())


def test_a_name_that_channels_does_not_allow_is_refused(make):
    async def scenario():
        layer = make()
        async with opened(layer):
            for refused in (
                layer.send("two words", {}),
                layer.group_send("g" * 100, {}),
                layer.group_add("", "c"),
            ):
                with pytest.raises(TypeError, match="name must be"):
                    await refused
            with pytest.raises(RuntimeError, match="own event loop"):
                await layer.group_add("group", "another.processes")

    run(scenario())


def test_messages_come_whole_and_in_order_also_when_many_are_under_way(make):
    async def scenario():
        layer, sending = make(), make()
        sizes = [0, PART - 20, PART, PART + 1, 100, 1_000_000, *[3000] * 200]
        async with opened(layer, sending):
            found = []
            channel = await joined(layer)
            layer.call_on_message(channel, found.append, pytest.fail)
            messages = [{"n": n, "pad": "x" * size} for n, size in enumerate(sizes)]
            await asyncio.gather(*(sending.group_send("group", one) for one in messages))
            await sending.group_send("group", {"type": "equal"})
            await asyncio.gather(*(sending.group_send("group", {"type": "equal"}) for _ in "123"))
            await until(lambda: len(found) == len(messages) + 4, 10, "all have come")
            assert found == messages + [{"type": "equal"}] * 4

    run(scenario())


def test_a_consumer_that_receives_too_slowly_loses_what_is_too_much(make, caplog):
    async def scenario():
        layer = make(capacity=5, channel_capacity={"roomy.*": 20})
        async with opened(layer):
            slow, roomy = await layer.new_channel(), await layer.new_channel("roomy")
            last = await layer.new_channel("roomy")
            for channel in (slow, roomy):
                await asyncio.gather(*(layer.send(channel, {"n": n}) for n in range(10)))
            await layer.send(last, {})
            await next_of(layer, last)
            assert [(await next_of(layer, slow))["n"] for _ in range(5)] == list(range(5))
            assert [(await next_of(layer, roomy))["n"] for _ in range(10)] == list(range(10))
            assert "channel full channel=specific." in caplog.text

    run(scenario())


def test_one_who_listens_gets_what_came_before_too_and_what_goes_wrong(make, postgres_url):
    async def scenario():
        layer, found, errors = make(), [], []
        async with opened(layer):
            channel, last = await layer.new_channel(), await layer.new_channel()
            await layer.send(channel, {"n": 1})
            await layer.send(last, {})
            await next_of(layer, last)
            layer.call_on_message(channel, found.append, errors.append)
            assert found == [{"n": 1}]
            nonsense = "nonsense", f"c:{channel} 1 x {{}}", f"c:{channel} 1 0/0 no JSON"
            for payload in nonsense:
                ask(postgres_url, f"SELECT pg_notify('channels', '{payload}')")
            await layer.send(channel, {"n": 2})
            await until(lambda: len(found) == 2, 10, "listened")
            assert found[1] == {"n": 2}
            assert [isinstance(error, ValueError) for error in errors] == [True] * 3

    run(scenario())


def test_one_who_begins_to_listen_disturbs_nobody(make):
    async def scenario():
        layer, other = make(), make()
        async with opened(layer, other):
            found, errors = [], []
            layer.call_on_message(await joined(layer), found.append, errors.append)
            await joined(other)
            await other.group_send("group", {"n": 1})
            await until(lambda: found == [{"n": 1}], 10, "the message has come")
            assert errors == []

    run(scenario())


PARTS = (
    'g:group 1 1/1 "end"',  # Its beginning came before the group was joined.
    'g:group 1 0/1 {"half":',
    "g:group 1 0/0 no JSON",
    'g:group 1 0/1 {"n":',
    "g:group 1 1/1 0}",
    "g:group 2 2/2 the end",
    'g:group 3 0/1 {"left in the midst":',
    "g:group 4 1/1 5}",
)


def test_a_consumer_gets_whole_messages_alone(make, postgres_url, caplog):
    async def scenario():
        layer = make()
        async with opened(layer):
            channel = await joined(layer)
            for payload in PARTS:
                ask(postgres_url, f"SELECT pg_notify('channels', '{payload}')")
            await layer.group_send("group", {"n": 1})
            assert [await next_of(layer, channel) for _ in "12"] == [{"n": 0}, {"n": 1}]
        assert caplog.text.count("message dropped") == 1

    run(scenario())


def test_a_loop_has_one_connection_which_ends_with_it(make, postgres_url):
    layer, counts = make(), []

    async def scenario():
        await layer.send("nobody", {})
        channel = await layer.new_channel()
        await layer.send(channel, {"n": 1})
        assert await next_of(layer, channel) == {"n": 1}
        counts.append(len(ask(postgres_url, CONNECTIONS)))

    for _ in range(2):
        thread = threading.Thread(target=run, args=(scenario(),))
        thread.start()
        thread.join()
    assert counts == [1, 1]
    wait_until(lambda: not ask(postgres_url, CONNECTIONS), 5, "all connections have ended")


def kill(server, url):
    ask(url, f"SELECT pg_terminate_backend(pid) FROM ({CONNECTIONS}) AS layers")


def restart(server, url):
    server.stop()
    server.start()


@pytest.fixture
def pooled(postgres_url):
    """Start a pooler in a mode; the user who runs it can't enter pytest's own directories."""
    poolers = []

    def start(mode):
        pooler = PgBouncer(Path(directory), postgres_url, mode)
        poolers.append(pooler)
        pooler.start()
        return pooler

    with tempfile.TemporaryDirectory() as directory:
        yield start
        for pooler in poolers:
            pooler.kill()


BREAKS = {"killed": kill, "restarted": restart}


class Linked:
    """A link that follows one group over the default layer."""

    def __init__(self):
        self.messages = asyncio.Queue()
        self.repaired = asyncio.Event()
        self.link = LayerLink(lambda: ["group"], self.messages.put_nowait, self.repaired.set)

    async def next(self):
        async with asyncio.timeout(10):
            return await self.messages.get()


@pytest.fixture
def link_settings(settings, postgres_url):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": BACKEND, "CONFIG": {"dsn": postgres_url}}}


@pytest.mark.parametrize("how", BREAKS)
def test_after_its_connection_has_ended_a_link_says_so_and_a_channel_goes_on(
    postgres, postgres_url, make, link_settings, how, caplog
):
    async def scenario():
        linked, layer = Linked(), make()
        async with opened(layer):
            channel = await joined(layer)
            await linked.link.join("group")
            await layer.group_send("group", {"n": 1})
            assert await linked.next() == {"n": 1}
            BREAKS[how](postgres, postgres_url)  # The server would end with another thread.
            await linked.repaired.wait()
            await until(lambda: "channel layer connected again" in caplog.text, 10, "the channel")
            await layer.group_send("group", {"n": 2})
            assert await linked.next() == {"n": 2}
            assert [await next_of(layer, channel) for _ in "12"] == [{"n": 1}, {"n": 2}]
        assert "channel layer down" in caplog.text and "channel layer up again" in caplog.text

    run(scenario())


def test_a_link_fails_over_to_another_host(make, pooled, postgres, postgres_url, settings):
    first = pooled("session")
    hosts = f"postgres@127.0.0.1:{first.port},127.0.0.1:{postgres.port}"
    database = postgres_url.rpartition("/")[2]
    dsn = f"postgres://{hosts}/{database}?target_session_attrs=read-write"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": BACKEND, "CONFIG": {"dsn": dsn}}}

    async def scenario():
        linked, layer = Linked(), make()
        async with opened(layer):
            await linked.link.join("group")
            first.kill()
            await linked.repaired.wait()
            await layer.group_send("group", {"n": 1})
            assert await linked.next() == {"n": 1}

    run(scenario())


def test_a_layer_that_is_closed_does_not_connect_again(make, postgres_url, monkeypatch, caplog):
    really_open = postgres_connection.Connection.open

    async def open_to_send(*about, listens):
        if listens:
            raise psycopg.OperationalError("down")
        return await really_open(*about, listens=False)

    async def scenario():
        layer = make()
        await joined(layer)
        monkeypatch.setattr(postgres_connection.Connection, "open", open_to_send)
        for count in (1, 2):
            kill(None, postgres_url)
            await until(lambda n=count: caplog.text.count("connection lost") == n, 10, "it is lost")
            await layer.send("nobody", {})
        await layer.close_connections()
        await asyncio.sleep(0)
        running = [task.get_name() for task in asyncio.all_tasks()]
        assert "realtime-layer-reconnect" not in running

    run(scenario())


def test_those_who_wait_for_a_connection_fail_together_and_the_next_one_tries(make, monkeypatch):
    attempts = []

    async def refuse(*about, listens):
        attempts.append(listens)
        await asyncio.sleep(0)  # The others wait now.
        raise psycopg.OperationalError("down")

    async def scenario():
        layer = make()
        monkeypatch.setattr(postgres_connection.Connection, "open", refuse)
        for count in (1, 2):
            sends = [layer.send("channel", {}) for _ in range(5)]
            found = await asyncio.gather(*sends, return_exceptions=True)
            assert [str(error) for error in found] == ["down"] * 5
            assert len(attempts) == count

    run(scenario())


def test_a_server_that_stands_still_fails_those_who_send_in_time(pooled, monkeypatch):
    monkeypatch.setattr(postgres_connection, "ANSWER_WITHIN", 0.5)
    pooler = pooled("session")

    async def scenario():
        layer = PostgresChannelLayer(dsn=pooler.url)
        async with opened(layer):
            channel = await joined(layer)
            await layer.send(channel, {"n": 1})
            pooler.freeze()
            given_up = asyncio.create_task(layer.send(channel, {"n": 2}))
            waiting = asyncio.create_task(layer.send(channel, {"n": 3}))
            await asyncio.sleep(0)
            given_up.cancel()
            began = time.monotonic()
            with pytest.raises(psycopg.OperationalError, match="no answer within"):
                await waiting
            assert time.monotonic() - began < 4
            pooler.thaw()
            await layer.send(channel, {"n": 4})
            found = []
            while 4 not in found:
                found.append((await next_of(layer, channel))["n"])
            assert found[0] == 1

    run(scenario())


def test_what_postgresql_refuses_is_an_error_and_the_next_send_has_a_new_connection(
    make, monkeypatch
):
    async def scenario():
        layer = make()
        async with opened(layer):
            await layer.send("channel", {})
            monkeypatch.setattr(postgres_payloads, "PART", 9000)
            with pytest.raises(psycopg.OperationalError, match="payload string too long"):
                await layer.send("channel", {"pad": "x" * 9000})
            await layer.send("channel", {})

    run(scenario())


def test_one_who_gives_up_sending_takes_nobody_elses_answer(make):
    async def scenario():
        layer = make()
        async with opened(layer):
            channel = await joined(layer)
            sends = [asyncio.create_task(layer.send(channel, {"n": n})) for n in range(3)]
            await asyncio.sleep(0)
            sends[0].cancel()
            assert await asyncio.gather(*sends[1:]) == [None, None]

    run(scenario())


@pytest.mark.parametrize(
    ("mode", "expected"),
    {
        "session": contextlib.nullcontext(),
        "transaction": pytest.raises(LinkFault, match="Name a direct connection"),
    }.items(),
)
def test_a_pooler_will_do_unless_it_shares_connections(pooled, mode, expected):
    async def scenario():
        layer = PostgresChannelLayer(dsn=pooled(mode).url)
        async with opened(layer):
            await layer.group_send("group", {"n": 0})
            with expected:
                channel = await joined(layer)
                await layer.send(channel, {"n": 1})
                assert await next_of(layer, channel) == {"n": 1}

    run(scenario())


def test_it_connects_as_django_does_and_says_what_is_wrong(settings, postgres_url, monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="the database 'default' is sqlite"):
        run(PostgresChannelLayer().send("channel", {}))
    with pytest.raises(ImproperlyConfigured, match="the database 'nowhere' is not in DATABASES"):
        run(PostgresChannelLayer("nowhere").send("channel", {}))
    with pytest.raises(ImproperlyConfigured, match="letters, digits or _"):
        PostgresChannelLayer(prefix="with space")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        run(PostgresChannelLayer(dsn="postgres://postgres@127.0.0.1:1/nothing").send("channel", {}))
    monkeypatch.setitem(sys.modules, "realtime.layer.postgres_loop", None)
    with pytest.raises(ImproperlyConfigured, match="pip install"):
        PostgresChannelLayer()


def child(layer):
    run(layer.group_send("group", {"n": "child"}))


def test_a_forked_child_leaves_its_parents_connection_alone(make):
    async def scenario():
        layer = make()
        async with opened(layer):
            channel = await joined(layer)
            process = multiprocessing.get_context("fork").Process(target=in_thread, args=(layer,))
            process.start()
            await asyncio.to_thread(process.join, 10)
            assert process.exitcode == 0
            assert await next_of(layer, channel) == {"n": "child"}
            await layer.send(channel, {"n": "parent"})
            assert await next_of(layer, channel) == {"n": "parent"}

    def in_thread(layer):
        thread = threading.Thread(target=child, args=(layer,))
        thread.start()
        thread.join()

    run(scenario())

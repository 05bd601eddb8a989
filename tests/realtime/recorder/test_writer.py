"""The task that writes lives: twice each, together, and as if nothing was after an outage."""

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from realtime.concurrency.pool import THREADS
from realtime.concurrency.threads import run_sync
from realtime.protocol.hand_outs import HandOuts
from realtime.protocol.position import Position
from realtime.recorder import recorder_backend, writer
from realtime.recorder.base import EndedBy
from realtime.recorder.memory import MemoryRecorder
from realtime.recorder.open_life import OpenLife
from realtime.recorder.recorder import MAX_LEFT, running_recorder
from realtime.recorder.writer import LEASE, SETTLE, WRITE_EVERY

ALL = 0.0, 1e12


class CountingRecorder(MemoryRecorder):
    """Notes what is written, and can be away."""

    def __init__(self):
        super().__init__()
        self.writes = []
        self.is_away = False

    def write(self, process, lease, opened, ended):
        if self.is_away:
            raise OSError("away")
        for lives in (opened, ended):
            assert len({life.socket for life in lives}) == len(lives), "one of each"
        self.writes.append(([one.socket for one in opened], [one.socket for one in ended]))
        super().write(process, lease, opened, ended)

    write.nonblocking = write


@pytest.fixture
def store(settings):
    backend = f"{CountingRecorder.__module__}.{CountingRecorder.__qualname__}"
    settings.REALTIME = {**settings.REALTIME, "RECORDER": {"BACKEND": backend}}
    return recorder_backend()


@pytest.fixture
async def recorder(store):
    return running_recorder()


@pytest.fixture
def open_socket(recorder):
    def open_socket(name, *streams):
        socket = SimpleNamespace(id=name, proofs=None, latency=0.02, closed=None)
        recorder.opened(socket, "user.1", "A browser")
        return [follow(recorder, name, stream) for stream in streams]

    return open_socket


def follow(recorder, socket, stream):
    course = recorder.followed(socket, stream, Position("e", 7), HandOuts())
    course.live(7, asyncio.get_running_loop().time())
    return course


async def test_a_life_is_written_twice(recorder, store, open_socket):
    open_socket("s", "user.1", "room.1")
    await asyncio.sleep(WRITE_EVERY + 1)
    assert store.writes == [([], []), (["s"], [])], "the lease, and then the life"
    (begun,) = store.lives_of("user.1", *ALL)
    assert [one.stream for one in begun.followings] == ["user.1", "room.1"]
    assert begun.ended_at is None
    await asyncio.sleep(600)
    assert all(write == ([], []) for write in store.writes[2:])
    recorder.ended("s", 1001)
    await asyncio.sleep(WRITE_EVERY + 1)
    assert store.writes[-1] == ([], ["s"]) or store.writes[-2] == ([], ["s"])
    (over,) = store.lives_of("user.1", *ALL)
    assert (over.ended_by, over.code) == (EndedBy.CLIENT, 1001)


async def test_a_life_of_a_moment_is_written_once(recorder, store, open_socket):
    open_socket("s")
    await asyncio.sleep(SETTLE / 2)
    recorder.ended("s", 1001)
    await asyncio.sleep(3 * WRITE_EVERY)
    assert [write for write in store.writes if write != ([], [])] == [([], ["s"])]


async def test_those_of_a_moment_are_written_together(recorder, store, open_socket):
    for number in range(50):
        open_socket(f"s{number:02}")
    await asyncio.sleep(WRITE_EVERY + 1)
    assert [len(opened) for opened, _ in store.writes] == [0, 50]


async def test_the_lease_is_renewed_in_time(store, open_socket):
    open_socket("s")
    await asyncio.sleep(1000)
    assert len(store.writes) >= 1000 / LEASE * 3 - 1


async def test_while_the_store_is_away(recorder, store, open_socket, caplog, monkeypatch):
    monkeypatch.setattr(writer, "MAX_WAITING", 5)
    store.is_away = True
    for number in range(8):
        open_socket(f"s{number}", "user.1")
    open_socket("open", "user.1")
    await asyncio.sleep(WRITE_EVERY + 1)
    for number in range(8):
        recorder.ended(f"s{number}", 1001)
    await asyncio.sleep(600)
    assert caplog.text.count("recorder down") == 1
    store.is_away = False
    await asyncio.sleep(WRITE_EVERY)
    assert caplog.text.count("recorder up again dropped=3") == 1
    written = {life.socket: life.ended_by for life in store.lives_of("user.1", *ALL)}
    assert written == {**{f"s{number}": EndedBy.CLIENT for number in range(3, 8)}, "open": None}


def open_lives():
    """Return how many there are in memory, those of other tests among them."""
    gc.collect()
    return sum(isinstance(one, OpenLife) for one in gc.get_objects())


async def test_while_the_store_is_away_sockets_that_have_ended_take_no_room(
    recorder, store, open_socket, monkeypatch
):
    monkeypatch.setattr(writer, "MAX_BATCH", 2)
    monkeypatch.setattr(writer, "MAX_WAITING", 5)
    store.is_away = True
    before = open_lives()
    for number in range(100):
        open_socket(f"s{number}")
        if number >= 5:
            recorder.ended(f"s{number}", 1001)
    await asyncio.sleep(2 * WRITE_EVERY)
    assert open_lives() - before == 5


async def test_what_a_life_has_left_may_be_written_before_its_end(recorder, store, open_socket):
    open_socket("s", "user.1")
    for number in range(3 * MAX_LEFT):
        follow(recorder, "s", f"call.{number}").end(asyncio.get_running_loop().time())
    await asyncio.sleep(WRITE_EVERY + 1)
    recorder.ended("s", 1001)
    await asyncio.sleep(WRITE_EVERY + 1)
    (life,) = store.lives_of("user.1", *ALL)
    assert len({one.stream for one in life.followings}) == 3 * MAX_LEFT + 1
    assert len(life.followings) == 3 * MAX_LEFT + 1


async def test_a_stream_that_is_left_and_followed_again_in_a_moment(recorder, store, open_socket):
    open_socket("s")
    for _ in range(4):
        follow(recorder, "s", "call.1").end(asyncio.get_running_loop().time())
        follow(recorder, "s", "call.2")
    recorder.ended("s", 1001)
    await asyncio.sleep(WRITE_EVERY + 1)
    (life,) = store.lives_of("user.1", *ALL)
    stored = {(one.stream, round(one.since * 1000)) for one in life.followings}
    assert len(stored) == 8, "a store has one row for each, or refuses all that comes with them"


async def test_a_process_that_ends_writes_all_first(recorder, store, open_socket):
    open_socket("s", "user.1")
    open_socket("left open", "user.1")
    recorder.ended("s", 1001)
    await recorder.stop()
    found = {life.socket: life.ended_by for life in store.lives_of("user.1", *ALL)}
    assert found == {"s": EndedBy.CLIENT, "left open": EndedBy.PROCESS}
    (process,) = store.processes(0)
    assert process.ended_at is not None and not process.has_died


async def test_times_are_those_of_the_wall(recorder, store, open_socket):
    open_socket("s", "user.1")
    (life,) = recorder.lives()
    assert life.opened_at == pytest.approx(time.time(), abs=5)
    assert life.followings[0].since == pytest.approx(time.time(), abs=5)


def test_a_store_that_hangs_delays_nobody_who_reads_the_log(db):
    awake = threading.Event()

    class Hanging(MemoryRecorder):
        def write(self, process, lease, opened, ended):
            awake.wait(30)

    async def run():
        stores = [writer.Writer(Hanging()) for _ in range(THREADS)]
        await asyncio.sleep(0.1)
        try:
            await asyncio.wait_for(run_sync(threading.get_ident), 10)
        finally:
            awake.set()
        await asyncio.gather(*(store.stop() for store in stores))

    asyncio.run(run())


def test_the_end_of_an_event_loop_ends_no_socket_of_another_one_in_the_process(store):
    begun, over = threading.Event(), threading.Event()

    async def serve(name):
        socket = SimpleNamespace(id=name, proofs=None, latency=0.02, closed=None)
        running_recorder().opened(socket, "user.1", "A browser")

    async def serve_long():
        await serve("long")
        await asyncio.sleep(0)
        begun.set()
        await asyncio.to_thread(over.wait, 10)
        return running_recorder().lives()

    async def serve_briefly():
        await serve("brief")
        await running_recorder().stop()

    with ThreadPoolExecutor(1) as thread:
        lives = thread.submit(asyncio.run, serve_long())
        assert begun.wait(10)
        asyncio.run(serve_briefly())
        over.set()
    (life,) = lives.result()
    ended = {one.id: one.ended_at is not None for one in store.processes(0.0)}
    assert len(ended) == 2 and not ended[life.process]

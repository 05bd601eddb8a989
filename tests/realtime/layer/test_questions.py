"""Questions to all processes: who answers is counted, who does not is not waited for."""

import asyncio
import json
import os
import random
import subprocess
import sys

import pytest
from channels.layers import channel_layers

from realtime.concurrency.process import process_id
from realtime.fanout.hub import running_hub
from realtime.layer.groups import every_hub
from realtime.layer.question_messages import (
    MAX_ABOUT,
    MAX_PARTS,
    PART_SIZE,
    answer_messages,
    question_in,
)
from realtime.layer.questions import aask, ask
from tests.processes.process import PROJECT
from tests.virtual_time import elapsed, settle


class Process:
    """Another process at the edge of the layer, which answers as it likes."""

    def __init__(self, name, answer, *, after=0.0, lost=0):
        self.name, self.answer, self.after, self.lost = name, answer, after, lost
        self.asked = []
        self._layer = channel_layers.make_backend("default")
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        channel = await self._layer.new_channel()
        await self._layer.group_add(every_hub(), channel)
        while True:
            question = question_in(await self._layer.receive(channel))
            self.asked.append(question.about)
            await asyncio.sleep(self.after)
            parts = answer_messages(question, self.answer)[self.lost :]
            random.Random(1).shuffle(parts)
            for part in parts:
                await self._layer.send(question.reply, {**part, "process": self.name})


@pytest.fixture
async def hub(broker):
    hub = running_hub()
    await settle()
    return hub


async def test_each_process_answers_for_itself(hub):
    other = Process("other", {"sockets": 2}, after=0.3)
    hub.answer("lives", lambda about: {"sockets": 1, "of": about["stream"]})
    await settle()
    answers = await aask("lives", {"stream": "room.1"})
    assert answers == {process_id(): {"sockets": 1, "of": "room.1"}, "other": {"sockets": 2}}
    assert other.asked == [{"stream": "room.1"}]
    assert elapsed() == pytest.approx(1, abs=0.01)


async def test_nobody_waits_when_all_have_answered_who_are_expected(hub):
    Process("other", 7, after=0.2)
    hub.answer("lives", lambda about: 1)
    await settle()
    assert await aask("lives", {}, expected=["other", process_id()]) == {
        "other": 7,
        process_id(): 1,
    }
    assert elapsed() == pytest.approx(0.2, abs=0.01)


async def test_who_answers_late_is_missing_and_disturbs_no_later_question(hub, caplog):
    Process("late", 1, after=1.5)
    await settle()
    assert await aask("lives", {}) == {}
    assert await aask("lives", {}, within=3.0) == {"late": 1}
    assert not caplog.records


async def test_parts_come_in_any_order_and_a_lost_one_costs_the_answer(hub):
    large = ["x" * PART_SIZE, "y" * PART_SIZE]
    Process("whole", large)
    Process("torn", large, lost=1)
    await settle()
    assert await aask("lives", {}) == {"whole": large}


async def test_a_failure_of_one_answer_is_one_line(hub, caplog):
    hub.answer("broken", lambda about: 1 / 0)
    hub.answer("large", lambda about: "x" * PART_SIZE * MAX_PARTS)
    hub.answer("silent", lambda about: None)
    for kind in ("broken", "large", "silent", "unknown"):
        assert await aask(kind, {}) == {}
    ours = [one for one in caplog.records if one.name == "realtime.layer.questions"]
    assert [record.getMessage()[:25] for record in ours] == [
        "not answered kind=broken ",
        "not answered kind=large e",
    ]


async def test_a_layer_that_is_away_is_one_line_and_no_answer(hub, broker, caplog):
    broker.error = ConnectionError("away")
    assert await aask("lives", {}) == {}
    assert caplog.text.count("question failed kind=lives") == 1


def test_only_what_can_be_asked_is(settings):
    for about in ({"at": float("nan")}, {"at": object()}, {"at": "x" * MAX_ABOUT}):
        with pytest.raises((ValueError, TypeError)):
            ask("lives", about)
    with pytest.raises(ValueError, match="kind"):
        ask("a\nb", {})


async def test_sync_code_may_not_block_an_event_loop():
    with pytest.raises(RuntimeError, match="await aask"):
        ask("lives", {})


def test_in_memory_async_code_and_many_threads_ask_together():
    async def asked():
        running_hub().answer("double", lambda about: 2 * about["n"])
        await asyncio.sleep(0.01)
        me = process_id()
        threads = (asyncio.to_thread(ask, "double", {"n": n}, expected=[me]) for n in range(8))
        found = [await aask("double", {"n": 8}, expected=[me]), *(await asyncio.gather(*threads))]
        assert found == [{me: 2 * n} for n in (8, *range(8))]

    asyncio.run(asked())
    assert ask("double", {"n": 1}) == {}, "no loop runs any more"


ANSWERING = """
import asyncio, os
import django
django.setup()
from django.conf import settings
settings.CHANNEL_LAYERS["default"]["BACKEND"] = os.environ["LAYER"]
from realtime.concurrency.process import process_id
from realtime.fanout.hub import running_hub
from realtime.layer.questions import aask, ask
"""
SERVING = (
    ANSWERING
    + """
async def serve():
    running_hub().answer("size", lambda about: "x" * about["size"])
    while not running_hub()._link.channel:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    print(process_id(), flush=True)
    await asyncio.Event().wait()
asyncio.run(serve())
"""
)
GREENLETS = (
    """
import json, sys
from gevent import monkey, pool
monkey.patch_all()
"""
    + ANSWERING
    + """
def size(n):
    answers = ask("size", {"size": n}, within=5, expected=sys.argv[1:])
    return {process: len(text) for process, text in answers.items()}
print(json.dumps(pool.Pool(3).map(size, [1, 100_000, 10])))
"""
)
ASKING = (
    ANSWERING
    + """
import json, sys
from concurrent.futures import ThreadPoolExecutor
processes = sys.argv[1:]
def sizes(answers):
    return {process: len(text) for process, text in answers.items()}
def once(size):
    return sizes(ask("size", {"size": size}, within=5, expected=processes))
async def here():
    return sizes(await aask("size", {"size": 300_000}, within=5, expected=processes))
async def with_hub():
    running_hub()
    await asyncio.sleep(0.3)
    return await here()
with ThreadPoolExecutor(4) as threads:
    found = [once(1), *threads.map(once, [10, 100_000, 1000, 10_000])]
found += [asyncio.run(here()), asyncio.run(with_hub())]
print(json.dumps(found))
"""
)


@pytest.mark.processes
@pytest.mark.parametrize("layer", ["core.RedisChannelLayer", "pubsub.RedisPubSubChannelLayer"])
def test_processes_answer_over_redis_however_they_are_asked(redis_server, layer):
    env = {"DJANGO_SETTINGS_MODULE": "project.settings", "REDIS_URL": redis_server.url}
    env = os.environ | env | {"LAYER": f"channels_redis.{layer}"}
    options = {"cwd": PROJECT, "env": env, "text": True, "stdout": subprocess.PIPE}
    serving = [subprocess.Popen([sys.executable, "-c", SERVING], **options) for _ in range(2)]
    try:
        names = [process.stdout.readline().strip() for process in serving]
        options = {**options, "stderr": subprocess.PIPE, "check": True, "timeout": 60}
        asked = {ASKING: [1, 10, 100_000, 1000, 10_000, 300_000, 300_000]}
        if "pubsub" in layer:
            asked[GREENLETS] = [1, 100_000, 10]
        for program, sizes in asked.items():
            asking = subprocess.run([sys.executable, "-c", program, *names], **options)
            assert json.loads(asking.stdout) == [dict.fromkeys(names, size) for size in sizes]
            assert "Traceback" not in asking.stderr
    finally:
        for process in serving:
            process.kill()
            process.communicate()

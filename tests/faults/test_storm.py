"""A minute of faults of every kind with 200 clients: nothing lost, nothing twice, all in order.

``FAULTS_SEED=123 pytest tests/faults/test_storm.py`` repeats the schedule of a run.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter

import pytest

from tests.faults import checker
from tests.faults.checker import Received
from tests.faults.client import Client
from tests.faults.committed import read_logs, read_rows, read_written
from tests.faults.population import populate
from tests.faults.publisher_process import PublisherProcess
from tests.faults.schedule import schedule
from tests.faults.storm import Storm
from tests.processes.waiting import until

pytestmark = pytest.mark.processes

SECONDS = 60
CLIENTS, USERS, ROOMS = 200, 50, 10
SERVERS = ["daphne", "uvicorn", "daphne"]
HEALTHY_WITHIN = 12  # seconds: POSITION_CHECK, a reconnect after silence, and a busy machine


@pytest.fixture
def seed():
    return int(os.environ.get("FAULTS_SEED") or random.randrange(1_000_000))


@pytest.fixture
def workers(worker):
    return [worker(server) for server in SERVERS]


@pytest.fixture
def clients(workers, seed):
    cookies = list(populate(workers[0], USERS).items())
    urls = [worker.ws_url for worker in workers]
    made = []
    for number in range(CLIENTS):
        source = random.Random(f"{seed}/{number}")
        own, cookie = cookies[number % USERS]
        rooms = [f"room.{room}" for room in source.sample(range(ROOMS), 2)]
        made.append(Client(cookie, [own, *rooms], urls, source))
    return made


@pytest.fixture
def publisher(tmp_path, workers, clients, seed):
    streams = {name for client in clients for name in client.records}
    users = sorted(name for name in streams if name.startswith("user."))
    process = PublisherProcess(tmp_path, workers[0].env, seed, users, sorted(streams - {*users}))
    yield process
    process.kill()


async def test_storm_of_faults(
    workers, clients, publisher, redis_server, postgres_url, cable, seed, capsys
):
    with capsys.disabled():
        print(f"\nFAULTS_SEED={seed}", flush=True)
    storm = Storm(redis_server, workers, clients, cable)
    async with connected(clients):
        await until(lambda: all(has_positions(client) for client in clients), 20, "all subscribed")
        await asyncio.to_thread(publisher.start)
        await storm.blow(
            schedule(seed, seconds=SECONDS, workers=len(workers), clients=len(clients))
        )
        await asyncio.to_thread(publisher.stop)
        rows = await asyncio.to_thread(read_rows, postgres_url)
        logs = read_logs(postgres_url, rows)
        with contextlib.suppress(AssertionError):  # The checker names what is missing.
            await until(lambda: all_at_top(clients, logs), HEALTHY_WITHIN, "all got everything")
        await asyncio.sleep(1)  # For anything that would come twice.
    with capsys.disabled():
        print(table(storm, rows, clients), flush=True)
    assert "Traceback" not in publisher.log()
    ledger, written = publisher.ledger(), read_written(postgres_url)
    problems = checker.check_log(rows, ledger, written)
    for number, client in enumerate(clients):
        found = checker.check_client(client.records, logs)
        problems += [f"client {number}: {problem}" for problem in found]
    assert not problems, "\n".join(problems[:50])
    assert len(rows) > 1000 and storm.done.total() > 20


@contextlib.asynccontextmanager
async def connected(clients):
    """Have the clients run meanwhile."""
    tasks = [asyncio.create_task(client.run()) for client in clients]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def has_positions(client):
    return client.positions.keys() == client.records.keys()


def all_at_top(clients, logs):
    return all(
        position == logs[stream].top
        for client in clients
        for stream, position in client.positions.items()
    )


def table(storm, rows, clients):
    """Return the counts of a run, a line each."""
    records = [record for client in clients for record in client.records.values()]
    received = [one for record in records for one in record if isinstance(one, Received)]
    ends = sum((client.ends for client in clients), Counter())
    lines = {
        "events committed": len(rows),
        "events received by clients": len(received),
        "of these replayed": sum(one.replayed for one in received),
        "reconnects": sum(ends.values()),
        **{f"after {reason}": count for reason, count in ends.most_common()},
        **{str(kind): count for kind, count in sorted(storm.done.items())},
        "started again": sum(map(checker.resets, records)),
    }
    return "\n".join(f"{count:>8}  {what}" for what, count in lines.items())

"""Half a minute of all kinds of faults with 200 clients: nothing lost or twice, all in order.

Nobody gets anything after the right to it has ended, and presence knows who is there.

``FAULTS_SEED=123 pytest tests/faults/test_storm.py`` repeats the schedule of a run. FAULTS_GUSTS
says how often it blows for so long; `make storm` has four.
"""

import asyncio
import contextlib
import os
import random
import time
from collections import Counter

import pytest

from tests.faults import checker, rights_checker
from tests.faults.authority import Authority
from tests.faults.checker import Received
from tests.faults.client import Client
from tests.faults.commanded import commanded
from tests.faults.committed import read_logs, read_rows, read_written
from tests.faults.population import populate
from tests.faults.publisher_process import PublisherProcess
from tests.faults.quiet import Quiet
from tests.faults.rights import Rights
from tests.faults.rights_records import How
from tests.faults.schedule import schedule
from tests.faults.server_logs import read_logs_of
from tests.faults.storm import Storm
from tests.processes.waiting import until

pytestmark = pytest.mark.processes

GUSTS, SECONDS = int(os.environ.get("FAULTS_GUSTS") or 1), 26
CLIENTS, USERS = 200, 50
IN_ROOMS = 40
"""Users who follow rooms; no right of the others is asked for again and again."""
ROOMS = [f"hall.{number}" for number in range(10)]
SERVERS = ["daphne", "uvicorn", "daphne"]
HEALTHY_WITHIN = 12  # seconds: POSITION_CHECK, a reconnect after silence, and a busy machine


@pytest.fixture
def seed():
    return int(os.environ.get("FAULTS_SEED") or random.randrange(1_000_000))


@pytest.fixture
def workers(site, redis_server, postgres_url):
    together = {
        "redis": redis_server,
        "database_url": postgres_url,
        "env": {"DJANGO_SETTINGS_MODULE": "tests.faults.guarded.settings"},
    }
    return [site(server, **together) for server in SERVERS]


@pytest.fixture
def clients(workers, seed):
    cookies = list(populate(workers[0], USERS, ROOMS).items())
    urls = [worker.ws_url for worker in workers]
    made = []
    for number in range(CLIENTS):
        source = random.Random(f"{seed}/{number}")
        own, cookie = cookies[number % USERS]
        rooms = source.sample(ROOMS, 2) if number % USERS < IN_ROOMS else []
        made.append(Client(cookie, [own, *rooms], urls, source))
    return made


@pytest.fixture
def publisher(tmp_path, workers, clients, seed):
    users = sorted({client.user for client in clients})
    process = PublisherProcess(tmp_path, workers[0].env, seed, users, ROOMS)
    yield process
    process.kill()


@pytest.fixture
async def authority(workers, seed):
    async with commanded(workers[0], "tests.faults.guarded.authority") as process:
        yield Authority(process, workers, random.Random(f"{seed}/authority"))


@pytest.fixture
def rights(authority, clients):
    return Rights(authority, clients)


@pytest.fixture
def quiet(authority, rights, clients, postgres_url):
    return Quiet(clients, ROOMS, rights, authority, postgres_url)


@pytest.fixture
def storm(redis_server, workers, clients, cable, rights):
    return Storm(redis_server, workers, clients, cable, rights)


async def test_storm_of_faults(
    storm, quiet, workers, clients, authority, publisher, postgres_url, seed, capsys
):
    with capsys.disabled():
        print(f"\nFAULTS_SEED={seed}", flush=True)
    async with connected(clients):
        await until(lambda: all(has_positions(client) for client in clients), 60, "all subscribed")
        await asyncio.to_thread(publisher.start)
        for gust in range(GUSTS):
            source = random.Random(f"{seed}/{gust}")
            await storm.blow(faults(source))
            await quiet.moment(ends(source))
        await asyncio.to_thread(publisher.stop)
        with contextlib.suppress(AssertionError):  # The checker names what is missing.
            await until(lambda: all(follows(client) for client in clients), HEALTHY_WITHIN, "all")
        rows, logs = await last_logs(clients, postgres_url)
    with capsys.disabled():
        print(table(storm, quiet, rows, clients), flush=True)
    assert "Traceback" not in publisher.log()
    ledger, written = publisher.ledger(), read_written(postgres_url)
    problems = [*checker.check_log(rows, ledger, written), *quiet.problems]
    for number, client in enumerate(clients):
        found = checker.check_client(client.records, logs)
        problems += [f"client {number}: {problem}" for problem in found]
    connections = [one for client in clients for one in client.connections]
    said = read_logs_of([worker.log() for worker in workers])
    problems += rights_checker.check_rights(connections, authority.endings, storm.spans, said)
    assert not problems, "\n".join([f"{len(problems)} problems", *problems[:50]])
    assert len(rows) > 1000 and storm.done.total() > 20


def ends(source):
    """Return for each way in which a right ends the number of a user."""
    numbers = source.sample(range(IN_ROOMS), len(How))
    found = dict(zip(How, numbers, strict=True))
    return {**found, How.DEACTIVATED_BY_SQL: source.randrange(IN_ROOMS, USERS)}


def faults(source):
    return schedule(
        source,
        seconds=SECONDS,
        workers=len(SERVERS),
        clients=CLIENTS,
        users=USERS,
        in_rooms=IN_ROOMS,
    )


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


async def last_logs(clients, database_url):
    """Return rows and logs when all clients have all of them, and nothing new comes.

    Presence still publishes for a moment. What is missing after a while the checker names.
    """
    began, found = time.monotonic(), ([], {})
    while time.monotonic() < began + HEALTHY_WITHIN:
        rows = await asyncio.to_thread(read_rows, database_url)
        before, found = found, (rows, read_logs(database_url, rows))
        if before == found and all_at_top(clients, found[1]):
            break
        await asyncio.sleep(1)  # For anything that would come twice, too.
    return found


def has_positions(client):
    return client.positions.keys() == client.records.keys()


def follows(client):
    return client.follows == client.records.keys()


def all_at_top(clients, logs):
    return all(
        position == logs[stream].top
        for client in clients
        for stream, position in client.positions.items()
    )


def table(storm, quiet, rows, clients):
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
        "sockets there at the last quiet moment": quiet.counted,
        "started again": sum(map(checker.resets, records)),
    }
    return "\n".join(f"{count:>8}  {what}" for what, count in lines.items())

"""The second table of docs/publishing.md: from where one can publish. On PostgreSQL and Redis.

Each place publishes the same events; all of them have to be in the log and in the channel layer.
"""

import importlib.util
import re
import subprocess
import sys

import psycopg
import pytest
import redis

from tests.processes.process import PROJECT, Process, free_port
from tests.processes.redis_server import RedisServer
from tests.processes.site import manage
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes

COUNT = 40
NAMES = [str(number) for number in range(COUNT)]
OFFSETS = set(range(1, COUNT + 1))
PLACES = (
    "threads",
    "greenlets",
    "forks",
    "loop_in_another_thread",
    "under_async_to_sync",
    "django_tasks",
)
DIFFERENT = {"forks": COUNT, "django_tasks": COUNT}
"""Origins of the events: each child is a process, and each task is one."""

NEEDS = {"greenlets": "gevent", "gevent": "gevent", "django_tasks": "django.tasks"}


@pytest.fixture(scope="module")
def site_of_all(site_env, postgres, tmp_path_factory):
    """The environment of a site that the tests of this file share; each has a stream of its own."""
    broker = RedisServer(tmp_path_factory.mktemp("redis"))
    env = {
        **site_env,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": postgres.create_database(),
        "REDIS_URL": broker.url,
    }
    try:
        broker.start()
        manage(env, "migrate", "--verbosity=0")
        yield env
    finally:
        broker.kill()


@pytest.fixture
def env(site_of_all, request):
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    return {**site_of_all, "STREAM": f"from.{name}"}


@pytest.fixture
def all_have_come(env):
    """Wait until each event is in the log, has an offset and went through the layer once."""
    layer = redis.Redis.from_url(env["REDIS_URL"]).pubsub(ignore_subscribe_messages=True)
    layer.psubscribe("asgi__group__realtime*")
    layer.get_message(timeout=1)
    sent = []

    def have_come():
        while message := layer.get_message():
            sent.append(message["data"])
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            query = 'SELECT name, "offset", event_id FROM realtime_event WHERE stream = %s'
            rows = connection.execute(query, [env["STREAM"]]).fetchall()
        names, offsets, ids = zip(*rows, strict=True) if rows else ((), (), ())
        once = all(sum(one.encode() in data for data in sent) == 1 for one in ids)
        return once and sorted(names, key=int) == NAMES and set(offsets) == OFFSETS

    yield lambda: wait_until(have_come, 20, "all are in the log and went out")
    layer.close()


def origins(env):
    """Return what published the events of the test."""
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        query = "SELECT origin FROM realtime_event WHERE stream = %s"
        return [origin for (origin,) in connection.execute(query, [env["STREAM"]])]


def skip_without(place):
    """Skip where a package, or a version of Django, is missing."""
    if place in NEEDS and importlib.util.find_spec(NEEDS[place]) is None:
        pytest.skip(f"{NEEDS[place]} is not installed")


@pytest.mark.parametrize("place", PLACES)
def test_from(place, env, all_have_come):
    skip_without(place)
    command = [sys.executable, "-m", "tests.end_to_end.publishers", place]
    done = subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "broadcast failed" not in done.stderr and "put off" not in done.stderr
    all_have_come()
    assert len(set(origins(env))) == DIFFERENT.get(place, 1)
    kind = "task" if place == "django_tasks" else "process"
    assert all(origin.split()[0] == kind for origin in origins(env))


def test_greenlets_whose_channel_layer_is_away_go_on(env):
    skip_without("greenlets")
    command = [sys.executable, "-m", "tests.end_to_end.publishers", "greenlets"]
    nowhere = {**env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    subprocess.run(command, cwd=PROJECT, env=nowhere, check=True, timeout=100, capture_output=True)
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        query = 'SELECT max("offset") FROM realtime_event WHERE stream = %s'
        assert connection.execute(query, [env["STREAM"]]).fetchone() == (COUNT,)


def test_from_a_management_command(env, all_have_come):
    code = f"import realtime\nfor n in range({COUNT}): realtime.publish('{env['STREAM']}', str(n))"
    manage(env, "shell", "-c", code)
    all_have_come()
    assert set(origins(env)) == {"command shell"}


class Worker(Process):
    """A Celery worker with a pool of its own kind."""

    name = "celery"
    start_timeout = 40.0

    def __init__(self, pool, directory, env):
        command = [sys.executable, "-m", "celery", "-A", "tests.end_to_end.celery_worker"]
        command += ["worker", "--pool", pool, "--concurrency", "4", "--loglevel", "info"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        super().__init__(command, directory / "celery.log", free_port(), env=env)

    def ready(self):
        return " ready." in self.log()


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
def test_from_celery(pool, env, all_have_come, tmp_path):
    pytest.importorskip("celery")
    skip_without(pool)
    worker = Worker(pool, tmp_path, env | {"C_FORCE_ROOT": "1"})
    worker.start()
    try:
        send = "from tests.end_to_end.celery_worker import publish_one\n"
        send += f"for number in range({COUNT}): publish_one.delay(number)"
        subprocess.run([sys.executable, "-c", send], cwd=PROJECT, env=env, check=True, timeout=60)
        all_have_come()
        assert len(set(origins(env))) == COUNT
        assert all(re.fullmatch(r"task [-0-9a-f]{36} publish", one) for one in origins(env))
        assert "Traceback" not in worker.log() and "broadcast failed" not in worker.log()
    finally:
        worker.kill()

"""Fixtures that start the real things: servers of the site, Redis, PostgreSQL, a cut cable.

- `site(server="daphne", *, redis=None, database_url=None, app=..., env=None)` starts a server
  process of the demo site, one of `tests.processes.site.Server`, and returns a `Site`, with alice
  and bob in its database. Without `database_url` each has a SQLite file of its own.
  `agent = site(...).login("alice")` has `get`, `post` and `cookie_header`.
- `shared_site(...)` starts one that all tests of a file may use, each after `for_next_test()`.
- `redis_server`: a `RedisServer` with `url`, `restart`, `freeze`, `thaw`, ...; `second_redis`.
- `empty_redis`: one that is shared, for tests that only store something.
- `redis_cluster`: a shared Redis Cluster, emptied; `url`, `move_slot(key)`.
- `postgres_url`: the DATABASE_URL of an empty PostgreSQL database.
- `cable`: `cut(port)` and `heal(port)` lose all packets of a TCP port, a server's or a client's.

Not fixtures: `async with wire(site, cookies=...) as socket` of `tests.processes.wire` shows the
frames of a WebSocket; `until` and `wait_until` of `tests.processes.waiting` wait for something.

A test that uses one of them gets the marker `processes`. All that it started is ended after it, and
its output is shown when it failed.
"""

import asyncio
import gc
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.test import TransactionTestCase
from xdist.scheduler import LoadFileScheduling

from realtime import counters
from realtime.logs import line_limit
from tests.processes.cable import Cable
from tests.processes.postgres import Postgres
from tests.processes.process import Process
from tests.processes.redis_cluster import RedisCluster
from tests.processes.redis_server import RedisServer
from tests.processes.site import Sites, prepare_database, site_environment
from tests.virtual_time import VirtualTimeLoop

LOG_LINES = 200
# They begin first, because a long one that began last would run alone at the end.
LONG = {
    "test_on_postgresql.py",
    "test_publish_in_transactions.py",
    "test_histories.py",
    "test_publishers.py",
    "test_database_away.py",
    "test_async_database.py",
    "test_user_models.py",
}
# Two workers have browsers, one of them for the tests that wait for minutes and do little.
BROWSERS = Path(__file__).parent / "browsers"
WAITING = {"tests/browsers/test_hidden_tab.py", "tests/browsers/test_put_aside.py"}
STARTING = {
    "redis_server",
    "second_redis",
    "lasting_redis",
    "lasting_cluster",
    "postgres",
    "site_database",
    "cable",
}
"""Fixtures that start a server; a test with one of them gets the marker ``processes``."""
QUICK_HASHER = "tests.processes.quick_hasher.QuickHasher"


@receiver(connection_created)
def share_memory_with_threads(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a thread read while another one writes, and wait before it writes itself.

    Threads share a database in memory, where both get "database table is locked"; in a
    file one would read what is committed, and the other would wait.
    """
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA read_uncommitted = 1")
        if wait_for_other_writers not in connection.execute_wrappers:
            connection.execute_wrappers.append(wait_for_other_writers)


@receiver(connection_created)
def let_threads_look(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a pool's thread see whether its connection is still good in a test without a database.

    pytest-django forbids that, too, though the connection is an earlier test's.
    """
    if threading.current_thread() is not threading.main_thread():
        allowed = type(connection).ensure_connection
        connection.ensure_connection = partial(allowed, connection)  # type: ignore[method-assign]


def wait_for_other_writers(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Try a statement that begins a transaction again while another thread has one."""
    for _ in range(1000):
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if context["connection"].in_atomic_block or "table is locked" not in str(error):
                raise
        time.sleep(0.01)
    return execute(sql, params, many, context)


@pytest.fixture(autouse=True)
def nothing_counted_before() -> None:
    """Counts are the process's, which runs many tests a minute; so are those of limited lines."""
    line_limit.reset()
    for counter in counters.ALL:
        counter.reset()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Empty the tables after a test with transactions, except of permissions and their types.

    Django's flush takes 50 ms, most of it to make these again, which no test changes.
    """

    def empty(test: Any) -> None:
        for alias in test._databases_names(include_mirrors=False):
            connection = connections[alias]
            # PostgreSQL checks what refers to something else when the transaction ends.
            with connection.constraint_checks_disabled(), transaction.atomic(alias):
                for table in connection.introspection.django_table_names(only_existing=True):
                    if table not in {"auth_permission", "django_content_type"}:
                        with connection.cursor() as cursor:
                            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")

    TransactionTestCase._fixture_teardown = empty


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def second_redis(tmp_path: Path) -> Iterator[RedisServer]:
    directory = tmp_path / "second"
    directory.mkdir()
    server = RedisServer(directory)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def lasting_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def empty_redis(lasting_redis: RedisServer) -> RedisServer:
    with redis.Redis.from_url(lasting_redis.url) as client:
        client.flushall()
    return lasting_redis


@pytest.fixture(scope="session")
def lasting_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def redis_cluster(lasting_cluster: RedisCluster) -> RedisCluster:
    lasting_cluster.flush()
    return lasting_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # pytest's own directories are closed to the user who runs PostgreSQL.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as directory:
        server = Postgres(Path(directory))
        try:
            server.start()
            yield server
            server.stop()
        finally:
            server.kill()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    return postgres.create_database()


@pytest.fixture(scope="session")
def site_env() -> dict[str, str]:
    return site_environment(secrets.token_urlsafe(50))


@pytest.fixture(scope="session")
def site_database(tmp_path_factory: pytest.TempPathFactory, site_env: dict[str, str]) -> Path:
    import fcntl  # Not on Windows, where the unit tests run.

    # Workers of one run have this directory's parent in common; the first makes it for all.
    directory = tmp_path_factory.getbasetemp()
    path = (directory.parent if "PYTEST_XDIST_WORKER" in os.environ else directory) / "site.sqlite3"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            making = path.with_suffix(".making")
            prepare_database({**site_env, "DATABASE_URL": f"sqlite:///{making}"})
            making.rename(path)
    return path


@pytest.fixture
def site(tmp_path: Path, site_database: Path, site_env: dict[str, str]) -> Iterator[Sites]:
    sites = Sites(tmp_path, site_database, site_env)
    yield sites
    sites.close()


@pytest.fixture(scope="module")
def shared_site(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Sites]:
    sites = Sites(tmp_path_factory.mktemp("sites"), site_database, site_env)
    yield sites
    sites.close()


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable()
    yield cable
    cable.close()


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = [QUICK_HASHER]
    # A run of all has new ones each time; half of Hypothesis' own number saves 15 s of a core.
    # The same examples each time: what passes for one change is not red for the next by chance.
    hypothesis.settings.register_profile(
        "everyday", max_examples=50, deadline=None, derandomize=True
    )
    hypothesis.settings.register_profile("long", max_examples=2000, deadline=None)
    hypothesis.settings.load_profile(config.getoption("--hypothesis-profile") or "everyday")


def pytest_asyncio_loop_factories(
    item: pytest.Function,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for unit tests, unless they have sockets or threads of their own."""
    starts = not STARTING.isdisjoint(item.fixturenames) or item.get_closest_marker("processes")
    if starts or item.get_closest_marker("real_time"):
        return {"real time": asyncio.new_event_loop}
    return {"virtual time": VirtualTimeLoop}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A crash of WebKit ended one run in many; two in a row are not taken for chance.
    again = pytest.mark.flaky(reruns=1, only_rerun=["BrowserCrashed"])
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & STARTING:
            item.add_marker("processes")
        if fixtures & {"launch", "open_environment"}:
            item.add_marker(again)
    items.sort(key=lambda item: item.path.name not in LONG and item.path.parent != BROWSERS)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep what is there for the whole run out of garbage collections, a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 20)


class ByFile(LoadFileScheduling):
    """Gives a worker all tests of a file, and of the files that share browsers."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if not file.startswith("tests/browsers/"):
            return file
        return "browsers that wait" if file in WAITING else "browsers"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    for process in Process.running:
        process.reported = len(process.log())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for process in Process.running:
            lines = process.log()[process.reported :].splitlines()[-LOG_LINES:]
            if lines:
                report.sections.append((f"output of {process.name}", "\n".join(lines)))
    return report

"""One real server process of the demo site, and what the kernel reports about it."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import psycopg

from tests.processes.agent import Agent
from tests.processes.forked import FORK_SERVERS
from tests.processes.postgres import create_database
from tests.processes.process import Process, free_port
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import wait_until

Server = Literal[
    "daphne",
    "uvicorn",
    "uvicorn-realtime",
    "hypercorn",
    "hypercorn-children",
    "granian",
    "gunicorn",
    "gunicorn-uvicorn",
]
LISTENING = "0A"  # in the state column of /proc/net/tcp, see proc(5)


def command(server: Server, bind: str, port: int, app: str) -> list[str]:
    """Return the module and the arguments that make Python serve `app`."""
    address = f"{bind}:{port}"
    return {
        "daphne": ["daphne", "-b", bind, "-p", str(port), app],
        "uvicorn": ["uvicorn", "--host", bind, "--port", str(port), app],
        "uvicorn-realtime": ["uvicorn", *OUR_PROTOCOL, "--host", bind, "--port", str(port), app],
        "hypercorn": ["hypercorn", "--workers", "0", "--bind", address, app],
        "hypercorn-children": ["hypercorn", "--workers", "1", "--bind", address, app],
        "granian": ["granian", "--interface", "asgi", "--host", bind, "--port", str(port), app],
        "gunicorn": ["gunicorn", *GUNICORN, "-k", "asgi", "-b", address, app],
        "gunicorn-uvicorn": ["gunicorn", *GUNICORN, "-k", UVICORN_WORKER, "-b", address, app],
    }[server]


# The others fork their workers themselves, or are no Python.
FORKED = {"daphne", "uvicorn", "uvicorn-realtime"}
OUR_PROTOCOL = ["--ws", "realtime.uvicorn:WebSocketProtocol"]
UVICORN_WORKER = "uvicorn_worker.UvicornWorker"
GUNICORN = ["--no-control-socket"]  # The socket would lie in the home directory.


def manage(env: Mapping[str, str], *arguments: str) -> str:
    """Run ``manage.py`` in a process of its own and return its output; fail with it."""
    return run_python(env, "manage.py", *arguments)


def run_python(env: Mapping[str, str], *arguments: str) -> str:
    """Run Python in a process of its own and return its output; fail with it."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as output:
        process = FORK_SERVERS.start(arguments, env, Path(output.name))
        try:
            status = process.wait(60)
        finally:
            process.kill()
        said = output.read()
    assert status == 0, f"python {' '.join(arguments)}\n{said}"
    return said


class Site(Process):
    """The site under an ASGI server.

    `url` and `ws_url` are its addresses, `database_url` its database, for a second site to share.
    """

    def __init__(
        self,
        server: Server,
        app: str,
        directory: Path,
        port: int,
        env: Mapping[str, str],
        bind: str,
        forked: bool,
    ) -> None:
        serve = [sys.executable, "-m", *command(server, bind, port, app)]
        super().__init__(serve, directory / f"{server}-{port}.log", port, env=env)
        self.is_forked = forked and server in FORKED
        self.name = f"{server} on port {port}"
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}"
        self.database_url = env["DATABASE_URL"]
        self._site_env = env

    def for_next_test(self) -> "Site":
        """Return it as a test expects a site: it runs, nobody is connected, its log is empty."""
        if not self.alive:
            self.start()
        wait_until(lambda: not self.open_sockets(), 20, "the last test's connections have ended")
        self.begin_log()
        return self

    def login(self, username: str, password: str = "demo") -> Agent:
        """Log a user in on the site's own form and return the session."""
        return Agent(self.url, username, password)

    def manage(self, *arguments: str) -> str:
        """Run a management command as another process of this site, and return its output."""
        return manage(self._site_env, *arguments)

    def kill(self) -> None:
        """End it immediately, with its workers."""
        if self._popen:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().kill()

    @property
    def workers(self) -> list[int]:
        """The ids of the processes that serve: its children, or itself."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()] or [self.pid]

    def open_sockets(self) -> int:
        """Count the TCP connections to its port that its workers hold, in whatever state."""
        held = set()
        for descriptor in (fd for pid in self.workers for fd in Path(f"/proc/{pid}/fd").iterdir()):
            try:
                held.add(os.readlink(descriptor))
            except FileNotFoundError:
                continue  # closed since it was listed
        lines = Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]
        return sum(self._is_connection(line.split(), held) for line in lines)

    def _is_connection(self, row: list[str], held: set[str]) -> bool:
        local, state, inode = row[1], row[3], row[9]
        port = int(local.split(":")[1], 16)
        return port == self.port and state != LISTENING and f"socket:[{inode}]" in held

    def memory(self) -> int:
        """Return its proportional set size (PSS), in bytes."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the kernel reports no PSS")


class Sites:
    """Starts the sites of one test and ends them; called like a function, it starts one.

    `template` is a migrated SQLite database with the demo's users, copied for each site that
    names no database.
    """

    def __init__(self, directory: Path, template: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._template = template
        self._env = env
        self._sites: list[Site] = []
        self._prepared: set[str] = set()

    def __call__(
        self,
        server: Server = "daphne",
        *,
        redis: RedisServer | None = None,
        database_url: str | None = None,
        app: str = "project.asgi:application",
        env: Mapping[str, str] | None = None,
        bind: str = "127.0.0.1",
        forked: bool = True,
    ) -> Site:
        """Start a site and wait until it serves.

        Sites with the same `redis` and `database_url` (see `Site.database_url`) share their data.
        An empty database is migrated and given the demo's users. `env` adds to the environment.
        With `bind` 0.0.0.0 other hosts reach it too. A process that is not forked shares no memory
        with others, whose end would seem to make it larger.
        """
        port = free_port()
        full = {**self._env, "PORT": str(port)}
        full["DATABASE_URL"] = database_url or self._copied_database(port)
        if redis:
            full["REDIS_URL"] = redis.url
        full.update(env or {})
        self._prepare(full)
        site = Site(server, app, self._directory, port, full, bind, forked)
        self._sites.append(site)
        site.start()
        return site

    def _copied_database(self, port: int) -> str:
        path = self._directory / f"{port}.sqlite3"
        shutil.copyfile(self._template, path)
        url = f"sqlite:///{path}"
        self._prepared.add(url)
        return url

    def _prepare(self, env: Mapping[str, str]) -> None:
        url = env["DATABASE_URL"]
        if url not in self._prepared:
            _copy_prepared(url, env)
            self._prepared.add(url)

    def close(self) -> None:
        """End them all."""
        for site in self._sites:
            site.kill()


_PREPARED: dict[tuple[str, str], str] = {}
"""What copies are made of: databases of PostgreSQL, by their cluster and a site's settings."""


def _copy_prepared(url: str, env: Mapping[str, str]) -> None:
    """Prepare a database of PostgreSQL, from the second on as a copy of the first."""
    cluster = url.rpartition("/")[0]
    key = cluster, env["DJANGO_SETTINGS_MODULE"]
    if key not in _PREPARED:
        prepared = f"{url}_prepared"
        create_database(prepared)
        prepare_database({**env, "DATABASE_URL": prepared})
        _PREPARED[key] = prepared
    try:
        create_database(url, like=_PREPARED[key])
    except psycopg.errors.ObjectInUse:  # A test looks on.
        prepare_database(env)


def prepare_database(env: Mapping[str, str]) -> None:
    """Migrate the database of DATABASE_URL and create the demo's users in it."""
    run_python(env, "-m", "tests.processes.prepare_database")


def site_environment(secret_key: str) -> dict[str, str]:
    """Return what every site's environment has: nothing of the developer's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.processes.site_settings",
        "SECRET_KEY": secret_key,
        "PYTHONUNBUFFERED": "1",
    }
    return {**kept, **own}

"""A PostgreSQL cluster for the session, with a fresh database for each test that asks."""

import itertools
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.processes.process import Process, free_port
from tests.processes.programs import program


class Postgres(Process):
    """A cluster in `directory`, which lets anyone on 127.0.0.1 in and does not sync to disk."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": it does not wait for its clients to leave

    def __init__(self, directory: Path) -> None:
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(directory, user, user)
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": directory,
            "max_connections": 200,
            "fsync": "off",
        }
        command = [program("postgres"), "-D", str(directory / "data"), "-p", str(port)]
        for setting, value in settings.items():
            command += ["-c", f"{setting}={value}"]
        super().__init__(command, directory / "postgres.log", port, user=user)
        self._numbers = itertools.count(1)
        self._create_cluster(directory / "data", user)

    def _create_cluster(self, data: Path, user: str | None) -> None:
        command = [program("initdb"), "--no-sync", "--auth=trust", "--username=postgres"]
        subprocess.run(
            [*command, "--encoding=UTF8", "--locale=C.UTF-8", "-D", str(data)],
            user=user,
            group=user,
            cwd=data.parent,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def url(self, database: str) -> str:
        """Return the DATABASE_URL of a database in it."""
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        """Tell whether it answers; it accepts connections some time before that."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        url = self.url(f"test_{next(self._numbers)}")
        create_database(url)
        return url


def create_database(url: str, like: str | None = None) -> None:
    """Create a database in place of what has that name, empty or as a copy of another."""
    cluster, _, name = url.rpartition("/")
    template = like.rpartition("/")[2] if like else "template1"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")

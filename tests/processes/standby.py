"""A copy of a PostgreSQL cluster that follows it by streaming replication, and can be held back."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.processes.postgres import Postgres
from tests.processes.process import Process, free_port
from tests.processes.programs import program
from tests.processes.waiting import wait_until


class Standby(Process):
    """A read replica of `primary`, kept in `directory`."""

    name = "standby"
    stop_signal = signal.SIGINT

    def __init__(self, directory: Path, primary: Postgres) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(directory, user, user)
        self._primary = primary
        source = f"host=127.0.0.1 port={primary.port} user=postgres"
        copy = [program("pg_basebackup"), "-d", source]
        copy += ["-D", str(directory / "data"), "-R", "-c", "fast", "--no-sync"]
        subprocess.run(copy, user=user, group=user, cwd=directory, check=True)
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": directory}
        command = [program("postgres"), "-D", str(directory / "data"), "-p", str(port)]
        for setting, value in {**settings, "max_connections": 200, "fsync": "off"}.items():
            command += ["-c", f"{setting}={value}"]
        super().__init__(command, directory / "postgres.log", port, user=user)

    def ready(self) -> bool:
        """Tell whether it answers."""
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str) -> object:
        """Return the one value that a statement gives."""
        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, connect_timeout=2, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return row and row[0]

    def hold(self) -> None:
        """Let it lag from now on."""
        self.execute("SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        wait_until(lambda: self.execute(paused), 10, "the standby stands still")

    def catch_up(self) -> None:
        """Let it go on, and wait until it has all that the primary has now."""
        self.execute("SELECT pg_wal_replay_resume()")
        with psycopg.connect(self._primary.url("postgres"), autocommit=True) as connection:
            row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        reached = f"SELECT pg_last_wal_replay_lsn() >= '{row and row[0]}'::pg_lsn"
        wait_until(lambda: self.execute(reached), 20, "the standby has caught up")

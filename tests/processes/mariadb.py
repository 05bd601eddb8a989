"""A MariaDB of the test's own, without the system tables that take seconds to make."""

import os
from pathlib import Path

import pymysql

from tests.processes.process import Process, free_port
from tests.processes.programs import program


class MariaDB(Process):
    """A server in `directory`, which lets anyone on 127.0.0.1 in and does not sync to disk."""

    name = "mariadbd"

    def __init__(self, directory: Path) -> None:
        data = directory / "data"
        data.mkdir()
        port = free_port()
        options = [
            *("--skip-grant-tables", f"--datadir={data}", f"--socket={directory}/mariadb.sock"),
            *("--bind-address=127.0.0.1", f"--port={port}", "--innodb-log-file-size=4M"),
            "--innodb-flush-log-at-trx-commit=0",
        ]
        if os.geteuid() == 0:
            options.append("--user=root")  # It refuses otherwise.
        command = [program("mariadbd"), "--no-defaults", *options]
        super().__init__(command, directory / "mariadb.log", port)

    def ready(self) -> bool:
        """Tell whether it answers."""
        try:
            self.run("SELECT 1")
        except pymysql.OperationalError:
            return False
        return True

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        self.run("CREATE DATABASE site CHARACTER SET utf8mb4")
        return f"mysql://nobody@127.0.0.1:{self.port}/site"

    def run(self, statement: str) -> None:
        """Run a statement of SQL."""
        with pymysql.connect(host="127.0.0.1", port=self.port, user="nobody") as connection:
            connection.cursor().execute(statement)

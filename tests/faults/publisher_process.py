"""The storm's publisher as a process of its own, and the ledger that it leaves."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.faults.checker import Entry
from tests.processes.process import Process, free_port


class PublisherProcess(Process):
    """Publishes from its start until it is stopped."""

    name = "publisher"

    def __init__(
        self,
        directory: Path,
        env: Mapping[str, str],
        seed: int,
        users: Iterable[str],
        rooms: Iterable[str],
    ) -> None:
        self._ledger = directory / "ledger.jsonl"
        arguments = [str(self._ledger), str(seed), ",".join(users), ",".join(rooms)]
        command = [sys.executable, "-m", "tests.faults.publisher", *arguments]
        # It listens on no port; the base class wants one.
        super().__init__(command, directory / "publisher.log", free_port(), env=env)

    def ready(self) -> bool:
        return "publishing" in self.log()

    def ledger(self) -> list[Entry]:
        """Return what it has published, once it has ended."""
        return [Entry(**json.loads(line)) for line in self._ledger.read_text().splitlines()]

"""A program: publish from several threads, in every way, and keep a ledger of it.

Arguments: the ledger's path, a seed, the users' streams and the rooms, joined by commas. SIGTERM
ends it. The ledger has a JSON line for each publish, once its outcome is known.
"""

import contextlib
import json
import random
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.db import transaction  # noqa: E402

from realtime import publish  # noqa: E402

THREADS = 4
PAUSE = 0.2
"""Seconds between two publishes of a thread, at most."""
OPEN = 0.3
"""Seconds that a transaction stays open, at most."""


class RolledBack(Exception):
    """Ends a transaction whose changes are not wanted."""


class Publisher:
    """One thread's publishing; `repeat` holds keyed publishes that any thread may do again."""

    repeat: deque[tuple[str, list[str]]] = deque(maxlen=20)

    def __init__(
        self, name: str, seed: str, ledger: BinaryIO, users: Sequence[str], rooms: Sequence[str]
    ) -> None:
        self._name = name
        self._random = random.Random(f"{seed}/{name}")
        self._ledger = ledger
        self._users = users
        self._rooms = rooms

    def run(self, ended: threading.Event) -> None:
        """Publish until it has ended."""
        count = 0
        while not ended.wait(self._random.uniform(0, PAUSE)):
            count += 1
            ways = [self._plain, self._in_transaction, self._rolled_back, self._keyed, self._again]
            self._random.choice(ways)(f"{self._name}-{count}", self._streams())

    def _streams(self) -> list[str]:
        """Mostly one stream; sometimes some of all kinds; seldom all users'."""
        chance = self._random.random()
        if chance < 0.5:
            return [self._random.choice(self._users)]
        if chance < 0.8:
            return [self._random.choice(self._rooms)]
        if chance < 0.95:
            return self._random.sample(self._users, 5) + self._random.sample(self._rooms, 2)
        return list(self._users)

    def _plain(self, token: str, streams: list[str]) -> None:
        publish(streams, "storm", token)
        self._note(token, streams, True)

    def _in_transaction(self, token: str, streams: list[str]) -> None:
        self._transact(token, streams, True)

    def _rolled_back(self, token: str, streams: list[str]) -> None:
        with contextlib.suppress(RolledBack):
            self._transact(token, streams, False)

    def _transact(self, token: str, streams: list[str], commit: bool) -> None:
        with transaction.atomic():
            Group.objects.create(name=token)
            publish(streams, "storm", token)
            time.sleep(self._random.uniform(0, OPEN))
            if not commit:
                self._note(token, streams, False, wrote=True)
                raise RolledBack
        self._note(token, streams, True, wrote=True)

    def _keyed(self, token: str, streams: list[str]) -> None:
        self.repeat.append((token, streams))
        publish(streams, "storm", token, key=token)
        self._note(token, streams, True)

    def _again(self, token: str, streams: list[str]) -> None:
        """Publish a keyed event once more, perhaps at the same time, to some of its streams."""
        if not self.repeat:
            return
        token, streams = self._random.choice(list(self.repeat))
        some = self._random.sample(streams, self._random.randint(1, len(streams)))
        with contextlib.suppress(RolledBack), transaction.atomic():
            publish(some, "storm", token, key=token)
            if self._random.random() < 0.5:
                raise RolledBack

    def _note(
        self, token: str, streams: list[str], committed: bool, *, wrote: bool = False
    ) -> None:
        entry = {"token": token, "streams": streams, "committed": committed, "wrote": wrote}
        self._ledger.write(json.dumps(entry).encode() + b"\n")


def main(path: str, seed: str, users: str, rooms: str) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # Its threads share it. Without a buffer each line is one write; a text file would mix them up.
    with Path(path).open("wb", buffering=0) as ledger:
        threads = [
            threading.Thread(
                target=Publisher(
                    f"t{number}", seed, ledger, users.split(","), rooms.split(",")
                ).run,
                args=[ended],
            )
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        print("publishing", flush=True)
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Python processes that are forked from one that has imported already what they need."""

import contextlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.processes.programs import program

PROJECT = Path(__file__).parents[2]


class Forked:
    """A process that is the child of a `ForkServer`; it has what is used of `subprocess.Popen`."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self.pid = pid
        self._server = server
        self._ended = os.pidfd_open(pid)  # It can be read as soon as the process has ended.
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return the exit status as `Popen` does, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return the exit status."""
        if self._status is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked process", timeout or 0)
            os.close(self._ended)
            self._status = self._server.ask(reap=self.pid)
        return self._status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it SIGKILL, if it runs."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that others are forked from; it ends with this one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        command = [program("setpriv"), "--pdeathsig", "KILL", "--", sys.executable]
        self._popen = subprocess.Popen(
            [*command, "-m", "tests.processes.fork_server"],
            cwd=PROJECT,
            env=env,
            stdin=theirs,
            start_new_session=True,
        )
        theirs.close()
        self.network = network_of(self._popen.pid)
        self._requests, self._answers = ours.makefile("w"), ours.makefile("r")
        self._asking = threading.Lock()

    def start(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Forked:
        """Start Python with arguments, whose output goes to the end of a file."""
        log.touch()
        return Forked(self, self.ask(arguments=arguments, env=env, log=str(log)))

    def ask(self, **request: object) -> int:
        """Return the answer to a request."""
        with self._asking:
            print(json.dumps(request), file=self._requests, flush=True)
            answer = self._answers.readline()
        assert answer, "the process that others are forked from has died"
        return int(answer)


class ForkServers:
    """Two of them, taken in turn: processes of one site must not agree by the hashes of strings."""

    def __init__(self) -> None:
        self._started: list[ForkServer] = []
        self._turns = itertools.count()

    def start(
        self, arguments: Sequence[str], env: Mapping[str, str], log: Path
    ) -> Forked | subprocess.Popen[bytes]:
        """Start Python with arguments, whose output goes to the end of a file."""
        turn = next(self._turns) % 2
        if len(self._started) <= turn:
            # The kernel ends it with the thread that starts it.
            if threading.current_thread() is not threading.main_thread():
                return popen([sys.executable, *arguments], env, log)
            self._started.append(ForkServer(env))
        server = self._started[turn]
        if network_of("thread-self") != server.network:
            return popen([sys.executable, *arguments], env, log)
        return server.start(arguments, env, log)


def network_of(process: int | str) -> int:
    """Return what tells a process's network namespace from others."""
    return os.stat(f"/proc/{process}/ns/net").st_ino


FORK_SERVERS = ForkServers()


def popen(
    command: Sequence[str], env: Mapping[str, str] | None, log: Path, user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a program, whose output goes to the end of a file."""
    # The kernel ends the process when pytest dies, however that comes about.
    keeper = [program("setpriv"), "--pdeathsig", "KILL"]
    if user:
        keeper += ["--reuid", user, "--regid", user, "--init-groups"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*keeper, "--", *command],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C is for pytest, which then ends its processes in order.
            start_new_session=True,
        )

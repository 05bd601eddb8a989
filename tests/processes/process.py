"""One real process of a test: started, waited for, frozen, thawed, ended, its output kept."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.processes.forked import FORK_SERVERS, Forked, popen
from tests.processes.forked import PROJECT as PROJECT
from tests.processes.waiting import wait_until


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on.

    It lies below the range that the kernel takes clients' ports from: otherwise a client that
    retries while its server is away could be given the server's port, or connect to itself.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


class Process:
    """A server of 127.0.0.1:`port`; its output goes to `log_path`, kept over restarts."""

    # Those that run now, so that the report of a failed test can show their output.
    running: ClassVar[list["Process"]] = []

    name = "process"
    stop_signal = signal.SIGTERM
    start_timeout = 40.0  # seconds
    is_forked = False  # from a Python that has imported already what most need

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        port: int,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.command = command
        self.log_path = log_path
        self.port = port
        self.env = env
        self.reported = 0  # characters of its output that belong to earlier tests
        self._log_begins = 0  # bytes
        self._user = user
        self._popen: subprocess.Popen[bytes] | Forked | None = None

    @property
    def pid(self) -> int:
        """The process's id; fails when it was not started or has been stopped."""
        assert self._popen, f"{self.name} does not run"
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, or would if it weren't frozen."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it and wait until it accepts connections; fail with its output if it dies."""
        self._popen = self._begin()
        Process.running.append(self)
        try:
            wait_until(self._started, self.start_timeout, f"{self.name} accepts connections")
        except AssertionError as reason:
            self.kill()
            raise AssertionError(f"{reason}\n{self.log()}") from None

    def _begin(self) -> subprocess.Popen[bytes] | Forked:
        if self.is_forked and self.env is not None:
            assert self.command[0] == sys.executable
            return FORK_SERVERS.start(self.command[1:], self.env, self.log_path)
        return popen(self.command, self.env, self.log_path, self._user)

    def _started(self) -> bool:
        assert self.alive, f"{self.name} died at its start:"
        return self.ready()

    def ready(self) -> bool:
        """Tell whether it serves now."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, timeout: float = 30) -> None:
        """Ask it to end, and wait; fail with its output when it has not after `timeout` seconds."""
        assert self._popen, f"{self.name} does not run"
        self._popen.send_signal(self.stop_signal)
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} still runs {timeout} s after {self.stop_signal.name}\n{self.log()}"
            ) from None
        finally:
            self.kill()

    def kill(self) -> None:
        """End it immediately, frozen or not; does nothing when it does not run."""
        if self._popen:
            self._popen.kill()
            self._popen.wait()
            self._popen = None
            Process.running.remove(self)

    def freeze(self) -> None:
        """Stop it from running (SIGSTOP), and return when it has stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(self._is_frozen, 10, f"{self.name} has stopped")

    def _is_frozen(self) -> bool:
        # The threads stop one after the other, and one may end meanwhile.
        with contextlib.suppress(FileNotFoundError):
            tasks = [task.read_text() for task in Path(f"/proc/{self.pid}/task").glob("*/stat")]
            return all(task.rpartition(")")[2].split()[0] == "T" for task in tasks)
        return False

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def log(self) -> str:
        """Return all that it has written so far, or since `begin_log`."""
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[self._log_begins :].decode(errors="replace")

    def begin_log(self) -> None:
        """Leave what it has written so far out of its log, as another test's."""
        self._log_begins = self.log_path.stat().st_size
        self.reported = 0

    def wait_for_log(self, text: str, timeout: float = 20) -> None:
        """Wait, blocking, until it has written `text`; for async tests see `waiting.until`."""
        wait_until(lambda: text in self.log(), timeout, f"{self.name} logs {text!r}")

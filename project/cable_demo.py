"""The demo behind a cable, which a person pulls by typing words while calls come in."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.utils import timezone

from calls.models import Call
from calls.simulator import words
from calls.simulator.incoming import NobodyThere
from calls.states import RING_SECONDS, Direction, State
from calls.telephony import TelephonyError
from calls.telephony.simulator import CALLER, Simulator
from realtime.conf import realtime_settings
from realtime.testing import Cable

COLLEAGUE = "bob"

LONGEST_ATTEMPT = 8
"""Seconds until a page gives up connecting: `connectionTimeout` in `socket_options.js`."""

LONGEST_WAIT = 20
"""Seconds that a page waits at most between two attempts: `MAX_DELAY` in `protocol/backoff.js`."""

STOP_TIMEOUT = 10.0
"""Seconds that the server gets to stop."""

CABLE = """\
Type a word here and press Enter:
  call     a call comes in
  answer   bob answers, at a desk that this cable doesn't lead to
  hangup   the call ends
  cut      the cable is pulled: nothing passes, and neither end notices
  deaf     half pulled: the desk hears nothing from the server
  mute     half pulled: the server hears nothing from the desk
  forget   the router restarts: the present connections stay dead
  heal     the cable is plugged in again
The phone company obeys, too:
"""

COMPANY = "".join(f"  {each.word:<16}{each.sentence}\n" for each in words.WORDS)

WORDS = f"{CABLE}{COMPANY}Enter alone shows this again. Ctrl-C ends the demo."

FIRST_STEPS = """\
Try: call, cut, answer. Your desk goes on ringing, because it can't know that bob has answered.
After {notices:g} s at most it says that the connection is lost, and stops ringing.
Then: forget, heal. After {returns:g} s at most it shows who has answered."""


class Terminal:
    """Carries out the words; ``cable`` leads to the server, which takes webhooks at ``site``."""

    def __init__(self, cable: Cable, site: str) -> None:
        self._cable = cable
        self._company = Simulator(site)
        self._notices, self._returns = bounds()
        self._commands: dict[str, Callable[[], str]] = {
            "": lambda: WORDS,
            "call": self._call,
            "answer": self._answer,
            "hangup": self._hang_up,
            "cut": self._cut,
            "deaf": partial(self._cut_half, "to_client"),
            "mute": partial(self._cut_half, "to_server"),
            "forget": self._forget,
            "heal": self._heal,
            **{each.word: partial(obeyed, each.word) for each in words.WORDS},
        }

    def obey(self, line: str) -> str:
        """Carry out a line and return the answer to show."""
        word = line.strip().lower()
        if word not in self._commands:
            return f"There is no word {word!r}. Enter alone shows those that there are."
        try:
            return self._commands[word]()
        except (TelephonyError, NobodyThere, DatabaseError) as error:
            return str(error)

    def _call(self) -> str:
        self._company.call_in(CALLER)
        return f"A call rings, for {RING_SECONDS} s, at every desk that can be reached."

    def _answer(self) -> str:
        ringing = Call.objects.active().filter(state=State.RINGING, direction=Direction.INBOUND)
        call = ringing.first()
        if call is None:
            return "No call is ringing. Type: call"
        self._company.answer(call, get_user_model().objects.get(username=COLLEAGUE))
        return f"{COLLEAGUE} answers. A desk that can't be reached doesn't notice."

    def _hang_up(self) -> str:
        call = Call.objects.active().first()
        if call is None:
            return "There is no call that could end. Type: call"
        self._company.hang_up(call)
        return "The call ends. A desk that can't be reached doesn't notice."

    def _cut(self) -> str:
        self._cable.cut()
        return (
            "Nothing passes any more. The desk trusts its connection for "
            f"{self._notices:g} s at most, then it says that the connection is lost."
        )

    def _cut_half(self, direction: str) -> str:
        self._cable.cut(direction)
        end, other = ("desk", "server") if direction == "to_client" else ("server", "desk")
        return (
            f"The {end} hears nothing from the {other} any more. Within {self._notices:g} s it "
            "gives the connection up, and the desk says that it is lost."
        )

    def _forget(self) -> str:
        self._cable.forget()
        return "The old connections stay dead. New ones pass if nothing is cut."

    def _heal(self) -> str:
        self._cable.heal()
        return f"All passes again. Within {self._returns:g} s the desk shows the present state."


def obeyed(word: str) -> str:
    """Have the phone company do what a word says, and return its sentence."""
    return words.obey(word, timezone.now())


def instructions() -> str:
    """Return the words and the first steps."""
    notices, returns = bounds()
    return f"{WORDS}\n\n{FIRST_STEPS.format(notices=notices, returns=returns)}"


def bounds() -> tuple[float, float]:
    """Return the seconds until a desk notices a cut, and until it is up to date after healing."""
    heartbeat = realtime_settings()
    notices = heartbeat.HEARTBEAT_INTERVAL + heartbeat.HEARTBEAT_TIMEOUT
    return notices, max(notices, LONGEST_ATTEMPT + LONGEST_WAIT)


def serve(listener: socket.socket, command: list[str], show: Callable[[str], None]) -> int:
    """Serve behind a cable at ``listener`` until somebody presses Ctrl-C; then return 0.

    ``command`` starts Daphne. ``show`` writes a text to the terminal. If Daphne ends by itself, its
    exit code is returned.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # So that Daphne ends, too.
    own = socket.create_server(("127.0.0.1", 0))
    address = own.getsockname()
    site = f"http://{address[0]}:{address[1]}"
    try:
        with Cable(*address, listener=listener) as cable, daphne(command, own, site) as process:
            arguments = (Terminal(cable, site), show)
            threading.Thread(target=read_words, args=arguments, daemon=True).start()
            return process.wait()
    except KeyboardInterrupt:
        return 0


@contextmanager
def daphne(
    command: list[str], listener: socket.socket, site: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run Daphne on ``listener``, out of reach of Ctrl-C; webhooks go to ``site``."""
    number = listener.fileno()
    process = subprocess.Popen(
        [*command, "--fd", str(number), "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PUBLIC_URL": site},
        stdin=subprocess.DEVNULL,
        pass_fds=[number],
        process_group=0,
    )
    listener.close()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()


def read_words(terminal: Terminal, show: Callable[[str], None]) -> None:
    """Carry out what is typed; unbuffered, because a thread that reads a buffer blocks the exit."""
    with open(0, "rb", buffering=0, closefd=False) as keyboard:
        for line in keyboard:
            show(terminal.obey(line.decode(errors="replace")))

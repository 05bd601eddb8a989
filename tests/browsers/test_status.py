"""What the desk's `<realtime-status>` says while its one socket comes and goes."""

import re
import time

import pytest

from realtime.testing import Cable
from tests.browsers.desk import OpenDesk
from tests.browsers.office import Office
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes

CONNECTED = re.compile(r"Connected \d+ ms")
AGAIN = 15.0  # seconds: an attempt that was lost, given up after 8, and the next one
PROBE = 3.0  # seconds that a client waits for the pong to its own ping
BUSY = 4.0  # seconds allowed for that a browser and a server are on the same core


def test_state_and_latency_are_shown_also_after_a_reconnect(
    quick: Office, open_desk: OpenDesk
) -> None:
    others = quick.held_sockets()
    with Cable("127.0.0.1", quick.site.port) as cable:
        desk = open_desk(f"http://127.0.0.1:{cable.port}")
        desk.log_in("alice")
        wait_until(lambda: CONNECTED.fullmatch(desk.status()), BUSY, "it says so")
        assert len(quick.held_sockets() - others) == 1
        cable.cut()
        lost = "No connection, trying again"
        wait_until(lambda: desk.status() == lost, quick.silence + BUSY, "it says so")
        cable.forget()
        cable.heal()
        wait_until(lambda: CONNECTED.fullmatch(desk.status()), AGAIN, "it is back")
        wait_until(lambda: len(quick.held_sockets() - others) == 1, AGAIN, "it has one socket")


def test_online_again_it_finds_out_whether_the_path_is_dead(
    patient: Office, open_desk: OpenDesk
) -> None:
    with Cable("127.0.0.1", patient.site.port) as cable:
        desk = open_desk(f"http://127.0.0.1:{cable.port}")
        desk.log_in("alice")
        desk.page.set_offline(True)
        cable.forget()
        sid = patient.ring()
        online_at = time.time()
        desk.page.set_offline(False)
        wait_until(lambda: desk.shown().calls.get(sid) == "ringing", PROBE + BUSY, "it is right")
        assert desk.lost_since(online_at)
        patient.hang_up(sid)

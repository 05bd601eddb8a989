"""What the desk's `<realtime-status>` says while its one socket comes and goes."""

import re
import time

import pytest

from realtime.testing import Cable
from tests.processes.waiting import wait_until
from tests.site.desk import OpenDesk
from tests.site.office import Office

pytestmark = pytest.mark.processes

CONNECTED = re.compile(r"Connected \d+ ms")
PROBE = 3.0  # seconds that a client waits for the pong to its own ping
BUSY = 6.0  # seconds more, because a browser and a server share a core


def test_online_again_it_replaces_a_dead_socket_and_says_so(
    patient: Office, open_desk: OpenDesk
) -> None:
    others = patient.held_sockets()
    with Cable("127.0.0.1", patient.site.port) as cable:
        desk = open_desk(f"http://127.0.0.1:{cable.port}")
        desk.log_in("alice")
        wait_until(lambda: CONNECTED.fullmatch(desk.status()), BUSY, "it says so")
        assert len(patient.held_sockets() - others) == 1

        desk.page.set_offline(True)
        cable.forget()
        sid = patient.ring()
        assert CONNECTED.fullmatch(desk.status()), "it cannot notice yet"
        online_at = time.time()
        desk.page.set_offline(False)
        wait_until(lambda: desk.shown().calls.get(sid) == "ringing", PROBE + BUSY, "it is right")
        wait_until(lambda: CONNECTED.fullmatch(desk.status()), BUSY, "it is connected again")
        assert desk.lost_since(online_at)
        patient.hang_up(sid)

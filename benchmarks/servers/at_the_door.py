"""The demo's settings for ``benchmarks.arrivals``: all are let in, or with TURN_AWAY nobody is."""

import os

from project.settings import *  # noqa: F403
from project.settings import REALTIME

REALTIME = {
    **REALTIME,
    "MAX_CONNECTIONS_PER_SECOND": 1 if os.environ.get("TURN_AWAY") else 100_000,
    "MAX_SOCKETS_PER_USER": 100_000,
}

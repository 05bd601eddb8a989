"""The demo's settings with limits that one attacker reaches in seconds."""

from tests.end_to_end.served_settings import *  # noqa: F403
from tests.end_to_end.served_settings import REALTIME

REALTIME = {
    **REALTIME,
    "MAX_CONNECTIONS_PER_SECOND": 20,
    "MAX_VISITORS_PER_ADDRESS": 8,
    "MAX_SOCKETS_PER_USER": 3,
    "MAX_STREAMS_PER_SOCKET": 10,
    "MAX_STREAMS_PER_USER": 20,
    "MAX_SUBSCRIBES_PER_SECOND": 20,
    "MAX_FRAMES_PER_SECOND": 200,
}

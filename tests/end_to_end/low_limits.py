"""The demo's settings with limits that a page reaches soon."""

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import REALTIME

REALTIME = {
    **REALTIME,
    "MAX_FRAMES_PER_SECOND": 40,
    "MAX_FRAME_BYTES": 2000,
    "MAX_STREAMS_PER_SOCKET": 40,
}

"""The demo's settings with numbers that a test can wait for."""

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import REALTIME

REALTIME = {
    **REALTIME,
    "POSITION_CHECK": 1,
    "RETENTION": {"COUNT": 200, "AGE": 3600},
    "MAX_FRAMES_PER_SECOND": 1000,
}

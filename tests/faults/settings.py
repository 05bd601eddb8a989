"""The demo's settings with numbers that a storm can wait for."""

from tests.processes.site_settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.urls"
REALTIME = {
    "HEARTBEAT_INTERVAL": 1,
    "HEARTBEAT_TIMEOUT": 1,
    "POSITION_CHECK": 2,
    "RETENTION": {"COUNT": 100_000, "AGE": 86_400},
}

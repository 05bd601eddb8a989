"""The demo's settings with a quick heartbeat, and what Prometheus and load balancers ask for."""

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import REALTIME

REALTIME = {
    **REALTIME,
    "HEARTBEAT_INTERVAL": 0.5,
    "HEARTBEAT_TIMEOUT": 1.5,
    "POSITION_CHECK": 1,
}
ROOT_URLCONF = "tests.end_to_end.metrics_urls"

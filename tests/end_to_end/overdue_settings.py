"""The demo's settings, with the event log in Redis if LOG_URL says where."""

import os

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import REALTIME

if "LOG_URL" in os.environ:
    REALTIME = {
        **REALTIME,
        "EVENT_LOG": {
            "BACKEND": "realtime.eventlog.redis.RedisEventLog",
            "OPTIONS": {"url": os.environ["LOG_URL"]},
        },
    }

"""The demo's settings with the event log and the flight recorder in Redis."""

import os

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import REALTIME as USUAL

IN_REDIS = {"OPTIONS": {"url": os.environ["REDIS_URL"]}}
REALTIME = {
    **USUAL,
    "EVENT_LOG": {"BACKEND": "realtime.eventlog.redis.RedisEventLog", **IN_REDIS},
    "RECORDER": {"BACKEND": "realtime.recorder.redis.RedisRecorder", **IN_REDIS},
}

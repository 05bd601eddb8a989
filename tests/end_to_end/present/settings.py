"""The demo's settings with presence that a test can wait for, in the database or in Redis."""

import os

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, REALTIME

INSTALLED_APPS = [*INSTALLED_APPS, "tests.end_to_end.present"]
REALTIME = {**REALTIME, "OFFLINE_AFTER": 4, "POSITION_CHECK": 1}
if "PRESENCE_URL" in os.environ:
    REALTIME["PRESENCE"] = {
        "BACKEND": "realtime.roster.redis.RedisPresence",
        "OPTIONS": {"url": os.environ["PRESENCE_URL"]},
    }

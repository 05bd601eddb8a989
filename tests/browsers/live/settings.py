"""The demo's settings with pages that follow HTML and rows, also for visitors."""

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import INSTALLED_APPS, REALTIME

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "realtime.contrib.html",
    "realtime.contrib.models",
    "tests.browsers.live",
]
ROOT_URLCONF = "tests.browsers.live.urls"
REALTIME = {**REALTIME, "ANONYMOUS": True}

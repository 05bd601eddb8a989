"""The demo's settings, and how long a connection to the database is kept."""

import os

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import DATABASES, REALTIME

DATABASES["default"]["CONN_MAX_AGE"] = float(os.environ["CONN_MAX_AGE"])
REALTIME = {**REALTIME, "POSITION_CHECK": 1}

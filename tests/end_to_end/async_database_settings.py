"""The demo's settings, and how long a connection to the database is kept."""

import os

from project.settings import *  # noqa: F403
from project.settings import DATABASES, REALTIME

DATABASES["default"]["CONN_MAX_AGE"] = float(os.environ["CONN_MAX_AGE"])
REALTIME = {**REALTIME, "POSITION_CHECK": 1}

"""The demo as at home, for a browser on another host: only a test may serve it so.

SITE_HOST is the address by which that browser knows it.
"""

import os

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import ALLOWED_HOSTS, MIDDLEWARE

ALLOWED_HOSTS = [*ALLOWED_HOSTS, os.environ["SITE_HOST"]]
MIDDLEWARE = [name for name in MIDDLEWARE if name != "project.middleware.OnlyThisMachine"]

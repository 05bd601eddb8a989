"""The examples with a database of the test's own, whose pages notice a dead path within 4 s."""

import os

from examples.site.settings import *  # noqa: F403
from examples.site.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["EXAMPLES_DATABASE"]
REALTIME = {"HEARTBEAT_INTERVAL": 1, "HEARTBEAT_TIMEOUT": 3}

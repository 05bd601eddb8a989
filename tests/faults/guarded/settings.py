"""The faults' settings with rights and presence that a storm can wait for."""

from tests.faults.settings import *  # noqa: F403
from tests.faults.settings import INSTALLED_APPS, REALTIME
from tests.faults.waits import GRACE, RECHECK

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.guarded"]
ROOT_URLCONF = "tests.faults.guarded.urls"
REALTIME = {**REALTIME, "RECHECK": RECHECK, "OFFLINE_AFTER": GRACE}

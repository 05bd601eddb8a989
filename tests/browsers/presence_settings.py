"""The demo, whose users are gone soon after their last page."""

from project.settings import *  # noqa: F403
from project.settings import REALTIME as DEMO

OFFLINE_AFTER = 4.0
"""Seconds: longer than a page takes to be loaded again on a busy machine."""

REALTIME = {**DEMO, "OFFLINE_AFTER": OFFLINE_AFTER}

"""The demo's settings with a quick heartbeat."""

from project.settings import *  # noqa: F403
from project.settings import REALTIME

REALTIME = {**REALTIME, "HEARTBEAT_INTERVAL": 1, "HEARTBEAT_TIMEOUT": 1.5}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

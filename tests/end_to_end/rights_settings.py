"""The demo's settings with the ways in which a right ends, each behind a URL."""

import os

from project.settings import *  # noqa: F403
from project.settings import REALTIME

REALTIME = {**REALTIME, "RECHECK": float(os.environ["RECHECK"])}
ROOT_URLCONF = "tests.end_to_end.rights_urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_ENGINE = f"django.contrib.sessions.backends.{os.environ.get('ENGINE', 'db')}"
SESSION_COOKIE_AGE = int(os.environ.get("AGE", "3600"))

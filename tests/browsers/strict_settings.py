"""The demo as a strict site runs it: no DEBUG, hashed static files, a Content-Security-Policy."""

import os

from tests.processes.site_settings import *  # noqa: F403
from tests.processes.site_settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE, TEMPLATES

DEBUG = False
ROOT_URLCONF = "tests.browsers.strict_site"
CONTRIB = ["realtime.contrib.devtools", "realtime.contrib.html", "realtime.contrib.models"]
INSTALLED_APPS = [*INSTALLED_APPS, *CONTRIB]
MIDDLEWARE = ["tests.browsers.strict_site.content_security_policy", *MIDDLEWARE]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "tests/browsers/templates"]

STATIC_URL = "/static/"
STATIC_ROOT = os.environ["STATIC_ROOT"]
STATICFILES_DIRS = os.environ.get("STATICFILES_DIRS", "").split()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"tests.browsers.strict_site.{os.environ['STATICFILES_STORAGE']}"},
}

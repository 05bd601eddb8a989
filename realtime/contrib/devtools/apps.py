"""The app: it has the overlay's static files, and a template tag."""

from django.apps import AppConfig


class DevtoolsConfig(AppConfig):
    name = "realtime.contrib.devtools"
    label = "realtime_devtools"

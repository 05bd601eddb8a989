"""The app: it has the page's half as a static file."""

from django.apps import AppConfig


class ModelsConfig(AppConfig):
    name = "realtime.contrib.models"
    label = "realtime_models"

"""Installs the app: registers its checks and finds every app's ``streams`` module."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RealtimeConfig(AppConfig):
    name = "realtime"

    def ready(self) -> None:
        from realtime import checks  # noqa: F401

        autodiscover_modules("streams")

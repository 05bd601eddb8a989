"""Installs the app: registers its checks and finds every app's ``streams`` module."""

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, channel_layers
from django.apps import AppConfig, apps
from django.utils.module_loading import autodiscover_modules

import realtime
from realtime.installation import problem

if not hasattr(realtime, "publish"):  # The package's first file is another package's, or gone.
    raise ImportError(problem())


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from realtime import checks, correlation, receivers  # noqa: F401

        if DEFAULT_CHANNEL_LAYER not in channel_layers:  # A site of one process needs no setting.
            channel_layers.set(DEFAULT_CHANNEL_LAYER, InMemoryChannelLayer())
        correlation.connect_tasks()
        if apps.is_installed("django.contrib.auth"):
            from realtime import permissions

            receivers.connect()
            permissions.connect()
        autodiscover_modules("streams")

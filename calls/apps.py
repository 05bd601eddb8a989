"""Installs the app: connects the receiver that tells the agents of each change."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import receivers  # noqa: F401

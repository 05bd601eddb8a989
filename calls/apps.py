"""Installs the app and connects the receiver that publishes each change."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import agent_receivers, receivers  # noqa: F401
        from calls.reconciliation import service  # noqa: F401

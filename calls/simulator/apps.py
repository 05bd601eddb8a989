"""Installs the simulated phone company and has it play in the servers of the site."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "calls.simulator"
    label = "simulator"

    def ready(self) -> None:
        from calls.simulator import service  # noqa: F401

"""Installs the site's commands and its check."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"

    def ready(self) -> None:
        from project import demo_users  # noqa: F401

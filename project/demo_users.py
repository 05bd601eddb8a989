"""The users of the demo, whose password everybody knows, are for a site at home."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from calls.management.commands.create_demo_users import PASSWORD, USERNAMES


def complaints() -> list[str]:
    """Return a sentence for each user who has the demo's password on a site that isn't at home."""
    users = get_user_model()
    if settings.AT_HOME or users._meta.db_table not in connection.introspection.table_names():
        return []
    return [
        f"{user.username} has the demo's password, which everybody knows: run"
        f" manage.py changepassword {user.username}, or delete the user."
        for user in users.objects.filter(username__in=USERNAMES, is_active=True)
        if check_password(PASSWORD, user.password)
    ]


def refuse_to_start() -> None:
    """Raise ``ImproperlyConfigured`` if there are complaints; for code in any thread."""
    if settings.AT_HOME:
        return
    with ThreadPoolExecutor(1) as thread:  # Uvicorn starts the site in its event loop.
        found = thread.submit(_complaints_of_a_thread).result()
    if found:
        raise ImproperlyConfigured(" ".join(found))


def _complaints_of_a_thread() -> list[str]:
    try:
        return complaints()
    finally:
        connection.close()


@register(Tags.security, deploy=True)
def check_demo_users(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report them before the site is deployed."""
    return [Error(sentence, id="project.E001") for sentence in complaints()]

"""The users of a storm, each with a session, made in the site's database."""

import json

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore

from tests.processes.site import Site


def populate(site: Site, users: int) -> dict[str, str]:
    """Make `users` users; returns the `Cookie` header of each by the name of their stream."""
    code = f"from tests.faults.population import print_cookies; print_cookies({users})"
    cookies: dict[str, str] = json.loads(site.manage("shell", "-c", code).splitlines()[-1])
    return cookies


def print_cookies(users: int) -> None:
    """Do the work of `populate`, in a process that has the site's settings."""
    print(json.dumps(dict(_sign_in(number) for number in range(users))))


def _sign_in(number: int) -> tuple[str, str]:
    user = get_user_model().objects.create_user(f"client{number}")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"user.{user.pk}", f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

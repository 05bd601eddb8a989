"""The users of a storm, each with a session, made in the site's database."""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore

from tests.processes.site import Site


def populate(site: Site, users: int, rooms: Sequence[str]) -> dict[str, str]:
    """Make `users` users, and a group of all of them for each room.

    Returns the `Cookie` header of each user by the name of their stream.
    """
    code = "from tests.faults.population import print_cookies; "
    code += f"print_cookies({users}, {list(rooms)})"
    cookies: dict[str, str] = json.loads(site.manage("shell", "-c", code).splitlines()[-1])
    return cookies


def print_cookies(users: int, rooms: Sequence[str]) -> None:
    """Do the work of `populate`, in a process that has the site's settings."""
    made = [get_user_model().objects.create_user(f"client{number}") for number in range(users)]
    for room in rooms:
        Group.objects.create(name=room).user_set.set(made)
    print(json.dumps({f"user.{user.pk}": sign_in(user) for user in made}))


def sign_in(user: Any) -> str:
    """Give a user a session, and return its `Cookie` header."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

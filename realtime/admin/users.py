"""Users by their names, and by those of their own streams."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from realtime.protocol.stream_names import USER_PREFIX, user_stream_name


def own_streams(username: str) -> list[str]:
    """Return the own stream of the user with that name, or nothing."""
    users = get_user_model()
    named = users._base_manager.filter(**{users.USERNAME_FIELD: username.strip()})[:1]
    return [user_stream_name(user) for user in named]


def usernames(streams: Iterable[str]) -> dict[str, str]:
    """Return the names of the users whose own streams these are, where the key stands in it."""
    users = get_user_model()
    keys = []
    for stream in streams:
        prefix, _, key = stream.partition(".")
        with contextlib.suppress(ValidationError):
            if prefix == USER_PREFIX:
                keys.append(users._meta.pk.to_python(key))
    found = users._base_manager.in_bulk(keys).values()
    return {user_stream_name(user): user.get_username() for user in found}

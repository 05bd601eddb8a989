"""Whom an event is for: streams by their names, and users, who stand for their own stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib.auth import get_user_model

from realtime.protocol.stream_names import require_stream_name, user_stream_name

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

Recipient: TypeAlias = "str | AbstractBaseUser | AnonymousUser"
"""A stream's name, or a user, who stands for their own stream.

``request.user`` may be anonymous to a type checker; at run time that is a ``ValueError``.
"""


def stream_names(to: Any) -> list[str]:
    """Return the names that ``to`` stands for, each once, in their order.

    Raises ``TypeError`` for what is no stream, user, or series of them.
    """
    if isinstance(to, str):
        return [require_stream_name(to)]
    if is_user(to):
        return [user_stream_name(to)]
    if isinstance(to, Iterable):
        return list(dict.fromkeys(name for one in to for name in stream_names(one)))
    raise TypeError(f"Name a stream, a user, or several of them, not {to!r}.")


def is_user(to: Any) -> bool:
    """Tell whether ``to`` is a user: other models have primary keys too."""
    from django.contrib.auth.models import AnonymousUser  # Needs the apps to be loaded.

    return isinstance(to, (get_user_model(), AnonymousUser))

"""Who is an agent: an active user in Django's group ``agents``."""

from typing import TypedDict

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet

GROUP = "agents"
CLIENT = "client:"


class Person(TypedDict):
    """A user as the desk sees one."""

    id: int
    name: str


def agents() -> QuerySet[AbstractUser]:
    """Return all agents, the oldest user first."""
    return get_user_model().objects.filter(is_active=True, groups__name=GROUP).order_by("pk")


def is_agent(user: AbstractUser | AnonymousUser) -> bool:
    """Say whether ``user`` may work at the desk."""
    return agents().filter(pk=user.pk).exists()


def person(user: AbstractUser) -> Person:
    """Return ``user`` as other agents see them."""
    return {"id": user.pk, "name": user.get_full_name() or user.get_username()}


def agent_at(address: str) -> AbstractUser | None:
    """Return the user whose phone Twilio calls ``client:<username>``, None for other addresses."""
    if not address.startswith(CLIENT):
        return None
    username = address.removeprefix(CLIENT)
    return get_user_model().objects.filter(username=username).first()

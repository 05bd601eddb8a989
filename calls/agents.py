"""Who is an agent or a supervisor: an active user in Django's group of that name."""

import re
from typing import TypedDict

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet

GROUP = "agents"
SUPERVISORS = "supervisors"
CLIENT = "client:"
IDENTITY = re.compile(r"agent_([1-9][0-9]{0,17})")


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


def is_supervisor(user: AbstractUser | AnonymousUser) -> bool:
    """Say whether ``user`` may see what goes wrong at all desks."""
    supervisors = get_user_model().objects.filter(is_active=True, groups__name=SUPERVISORS)
    return supervisors.filter(pk=user.pk).exists()


def person(user: AbstractUser) -> Person:
    """Return ``user`` as other agents see them."""
    return {"id": user.pk, "name": user.get_full_name() or user.get_username()}


def identity(agent: AbstractUser) -> str:
    """Return the name under which the agent's phone registers.

    It comes from the primary key, because Twilio takes only letters, digits and underscores, at
    most 121 (https://www.twilio.com/docs/voice/twiml/client), and usernames have others.
    """
    return f"agent_{agent.pk}"


def phone(agent: AbstractUser) -> str:
    """Return the address of the agent's phone."""
    return CLIENT + identity(agent)


def agent_at(address: str) -> AbstractUser | None:
    """Return the user whose phone has the address, None for other addresses."""
    found = IDENTITY.fullmatch(address.removeprefix(CLIENT))
    if not found or not address.startswith(CLIENT):
        return None
    return get_user_model().objects.filter(pk=found[1]).first()

"""Creates the users of the demo."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from calls.agents import GROUP, SUPERVISORS

AGENTS = ["alice", "bob"]
SUPERVISOR = "sue"
USERNAMES = [*AGENTS, SUPERVISOR]
PASSWORD = "demo"


class Command(BaseCommand):
    help = "Creates the agents of the demo and their supervisor, where they don't exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.AT_HOME:
            raise CommandError(
                "Everybody knows the password of the demo's users, and others may reach this site:"
                " use create_agent."
            )
        for name, usernames in ((GROUP, AGENTS), (SUPERVISORS, [SUPERVISOR])):
            group, _ = Group.objects.get_or_create(name=name)
            group.user_set.add(*map(_user, usernames))


def _user(username: str) -> Any:
    users = get_user_model().objects
    user = users.filter(username=username).first()
    return user or users.create_user(username, password=PASSWORD)

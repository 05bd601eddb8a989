"""Creates the users of the demo."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from calls.agents import GROUP

USERNAMES = ["alice", "bob"]
PASSWORD = "demo"


class Command(BaseCommand):
    help = "Creates the agents of the demo that don't exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.AT_HOME:
            raise CommandError(
                "Everybody knows the password of the demo's users, and others may reach this site:"
                " use create_agent."
            )
        group, _ = Group.objects.get_or_create(name=GROUP)
        users = get_user_model().objects
        for username in USERNAMES:
            user = users.filter(username=username).first()
            group.user_set.add(user or users.create_user(username, password=PASSWORD))

"""Creates the users of the demo."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand

from calls.agents import GROUP

USERNAMES = ["alice", "bob"]
PASSWORD = "demo"


class Command(BaseCommand):
    help = "Creates the agents of the demo that don't exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        group, _ = Group.objects.get_or_create(name=GROUP)
        users = get_user_model().objects
        for username in USERNAMES:
            user = users.filter(username=username).first()
            group.user_set.add(user or users.create_user(username, password=PASSWORD))

"""Creates an agent, or makes one of a user."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from calls.agents import GROUP


class Command(BaseCommand):
    help = (
        "Makes a user an agent; one that doesn't exist is created, with a password that you type."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        users = get_user_model().objects
        user = users.filter(username=username).first()
        if user is None:
            user = users.create_user(username, password=new_password(username))
        Group.objects.get_or_create(name=GROUP)[0].user_set.add(user)
        self.stdout.write(f"{username} is an agent.")


def new_password(username: str) -> str:
    """Ask for a password, and return it; raises ``CommandError`` for one that is too weak."""
    password = getpass(f"Password for {username}: ")
    if getpass("Again: ") != password:
        raise CommandError("These are two passwords.")
    try:
        validate_password(password, get_user_model()(username=username))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return password

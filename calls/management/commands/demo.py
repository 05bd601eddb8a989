"""Prepares the demo and serves it with Daphne."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from calls.management.commands.create_demo_users import PASSWORD, USERNAMES
from calls.telephony import is_simulated
from calls.telephony.simulator import CALLER


class Command(BaseCommand):
    help = "Prepares the database and the demo's users, and serves the desk."

    def handle(self, *args: Any, **options: Any) -> None:
        check_port(settings.HOST, settings.PORT)
        call_command("migrate", verbosity=0)
        call_command("create_demo_users")
        self.stdout.write(welcome())
        self.stdout.flush()
        serve()


def check_port(host: str, port: int) -> None:
    """Raise ``CommandError`` if the address can't be served."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address[0], port))
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"{host}:{port} can't be served ({error}). "
            "Name another port, for example: PORT=8001 make demo"
        ) from error


def welcome() -> str:
    """Return what a newcomer has to know."""
    lines = [
        f"The desk is at http://{settings.HOST}:{settings.PORT}",
        f"Log in as {' or '.join(USERNAMES)}, password {PASSWORD}; for both at once, "
        "use a private window for the second.",
    ]
    if is_simulated():
        lines.append(
            "For an incoming call, press the button on the desk or run: "
            f"{sys.executable} manage.py simulate_call --from {CALLER}"
            f" --url http://{settings.HOST}:{settings.PORT}"
        )
    return "\n".join([*lines, "Ctrl-C ends it."])


def serve() -> None:
    """Become Daphne, so that signals go straight to it."""
    os.chdir(settings.BASE_DIR)
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    address = ["-b", settings.HOST, "-p", str(settings.PORT)]
    os.execv(sys.executable, [sys.executable, "-m", "daphne", *address, f"{module}:{name}"])

"""Prepares the demo and serves it with Daphne."""

import os
import socket
import sys
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls.management.commands.create_demo_users import AGENTS, PASSWORD, SUPERVISOR
from calls.simulator import incoming
from calls.telephony import is_simulated
from calls.telephony.simulator import CALLER
from project import cable_demo, demo_users


class Command(BaseCommand):
    help = "Prepares the database and the demo's users, and serves the desk."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--cable", action="store_true", help="put a cable in front of it that you pull by hand"
        )

    def handle(self, *args: Any, cable: bool, **options: Any) -> None:
        if cable and (settings.PUBLIC_URL or not is_simulated()):
            raise CommandError(
                "--cable is for the simulated phone company and for a site without a proxy: "
                "unset PUBLIC_URL and TWILIO_ACCOUNT_SID."
            )
        with bound(settings.HOST, settings.PORT) as address:
            call_command("migrate", verbosity=0)
            if settings.AT_HOME:
                call_command("create_demo_users")
                if is_simulated():
                    end_left_calls()
            elif complaints := demo_users.complaints():
                raise CommandError("\n".join(complaints))
            if cable:
                self._serve_behind_cable(address)
                return
        self._show(welcome())
        serve()

    def _serve_behind_cable(self, address: socket.socket) -> None:
        self._show(f"{where()}\n\n{cable_demo.instructions()}\n")
        if code := cable_demo.serve(address, daphne(), self._show_bold):
            raise CommandError(f"Daphne has ended by itself, with code {code}; so has the demo.")

    def _show(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _show_bold(self, text: str) -> None:
        # So that it stands out from the server's log.
        self._show(self.style.MIGRATE_HEADING(text))


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address.

    Raises ``CommandError`` if the address can't be served.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address[0], port))
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"{host}:{port} can't be served ({error}). "
            "Name another port, for example: PORT=8001 make demo"
        ) from error
    return listener


def end_left_calls() -> None:
    """End the calls that were on when the last demo ended, so that no desk begins with them."""
    incoming.close(timezone.now())
    call_command("reconcile_calls", stdout=StringIO())


def where() -> str:
    """Return the address of the desk, and how to log in."""
    if not settings.AT_HOME:
        return (
            f"The desk is at {settings.PUBLIC_URL}, behind a proxy to {settings.HOST}:"
            f"{settings.PORT}.\nMake agents in another terminal: "
            f"{sys.executable} manage.py create_agent NAME"
        )
    return (
        f"The desk is at http://{settings.HOST}:{settings.PORT}\n"
        f"Log in as {' or '.join(AGENTS)}, password {PASSWORD}; for both together, "
        f"use a private window for the second. {SUPERVISOR} sees how all desks are connected."
    )


def welcome() -> str:
    """Return where the desk is and how to simulate a call."""
    lines = [where()]
    if is_simulated():
        lines.append(
            "For an incoming call, press the button on the desk or run: "
            f"{sys.executable} manage.py simulate_call --from {CALLER}"
            f" --url {settings.PUBLIC_URL or f'http://{settings.HOST}:{settings.PORT}'}"
        )
    return "\n".join([*lines, "Ctrl-C ends it."])


def serve() -> None:
    """Become Daphne, so that signals go straight to it."""
    os.chdir(settings.BASE_DIR)
    os.execv(sys.executable, daphne("-b", settings.HOST, "-p", str(settings.PORT)))


def daphne(*arguments: str) -> list[str]:
    """Return the command that runs Daphne with the site."""
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    return [sys.executable, "-m", "daphne", *arguments, f"{module}:{name}"]

"""Simulates an incoming call."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from calls.simulator.account import ANONYMOUS
from calls.telephony import TelephonyError, is_simulated
from calls.telephony.simulator import CALLER, Simulator
from calls.validators import validate_phone_number

CALLER_HELP = f"a number, or `{ANONYMOUS}` for a caller who hides it (default: {CALLER})"


class Command(BaseCommand):
    help = "Simulates an incoming call to the running site and prints the call's sid."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="number", default=CALLER, help=CALLER_HELP)
        parser.add_argument(
            "--url",
            default=settings.PUBLIC_URL or f"http://{settings.HOST}:{settings.PORT}",
            help="address of the site (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_simulated():
            raise CommandError("TWILIO_ACCOUNT_SID is set: a real phone company is connected.")
        try:
            if options["number"] != ANONYMOUS:
                validate_phone_number(options["number"])
            self.stdout.write(Simulator(options["url"]).call_in(options["number"]))
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        except TelephonyError as error:
            raise CommandError(str(error)) from error

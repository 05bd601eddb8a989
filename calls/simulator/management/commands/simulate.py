"""Has people and the simulated phone company do something, at a word."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls.management.commands.simulate_call import CALLER_HELP
from calls.simulator import incoming, lines
from calls.simulator.account import CALLER
from calls.simulator.incoming import NobodyThere
from calls.simulator.models import Direction, Leg, locked_exchange
from calls.simulator.words import WORDS, obey

ACTIONS = {
    "call": "A call comes in, as with `simulate_call`; prints its sid.",
    "answer": "The first phone that rings for the newest call is picked up.",
    "hangup": "The newest call ends.",
}


class Command(BaseCommand):
    help = "\n".join(
        ["Has the simulated phone company of the running site do what a word says:", ""]
        + [f"  {word:<16}{sentence}" for word, sentence in ACTIONS.items()]
        + [f"  {one.word:<16}{one.sentence}" for one in WORDS]
    )

    def create_parser(self, *arguments: Any, **options: Any) -> Any:
        return super().create_parser(
            *arguments, formatter_class=RawDescriptionHelpFormatter, **options
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("word")
        parser.add_argument("--from", dest="number", default=CALLER, help=CALLER_HELP)

    def handle(self, *args: Any, word: str, number: str, **options: Any) -> None:
        if settings.TWILIO_ACCOUNT_SID:
            raise CommandError("TWILIO_ACCOUNT_SID is set: a real phone company is connected.")
        if word == "call":
            call_command("simulate_call", "--from", number, stdout=self.stdout)
            return
        people = {"answer": answer, "hangup": hang_up}
        known = [*ACTIONS, *(one.word for one in WORDS)]
        if word not in known:
            raise CommandError(f"There is no word {word!r}; say {', '.join(known)}.")
        try:
            done = people[word]() if word in people else obey(word, timezone.now())
            self.stdout.write(done)
        except NobodyThere as error:
            raise CommandError(str(error)) from error


def answer() -> str:
    """Pick up a phone of the newest call that rings at one."""
    for call in incoming.active_calls():
        if any(incoming.is_ringing_client(leg) for leg in incoming.family(call.sid)):
            return f"{incoming.pick_up(call.sid, '', timezone.now()).to_address} is picked up."
    raise NobodyThere("No phone rings.")


def hang_up() -> str:
    """End the newest call."""
    with locked_exchange():
        call = next(iter(incoming.active_calls()), None)
        if call is None:
            raise NobodyThere("There is no call.")
        lines.end(call, timezone.now())
    return f"The call with {other_end(call)} ends."


def other_end(call: Leg) -> str:
    """Return whose call it is."""
    return call.from_address if call.direction == Direction.INBOUND else call.to_address

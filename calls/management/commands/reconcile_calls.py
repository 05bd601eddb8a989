"""Asks the phone company for calls, by hand or from cron."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls.agents import person
from calls.models import Call
from calls.reconciliation import check, take_one
from calls.telephony import Telephony, TelephonyError, get_telephony, own_url


class Command(BaseCommand):
    help = (
        "Asks the phone company for all calls that are not over, or for those named, and prints "
        "what each was and what it is now. Ends with 1 if the company can't be asked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sids", metavar="SID", nargs="*", help="default: all that go on")

    def handle(self, *args: Any, sids: list[str], **options: Any) -> None:
        company = get_telephony(own_url())
        answered = [self.reconcile(call, company) for call in chosen(sids)]
        if not all(answered):
            missing = f"{answered.count(False)} of {len(answered)}"
            raise CommandError(f"The company could not be asked for {missing} calls.")

    def reconcile(self, call: Call, company: Telephony) -> bool:
        """Ask for one call, print what comes of it, and say whether the company answered."""
        now = timezone.now()
        lease = take_one(call.pk, now)
        if lease is None:
            self.stdout.write(f"{name(call)}: {call.state}; another process is asking for it")
            return True
        try:
            check(lease, company, now)
        except TelephonyError as error:
            self.stdout.write(f"{name(call)}: {call.state}; {error}")
            return False
        self.stdout.write(f"{name(call)}: {difference(call, Call.objects.get(pk=call.pk))}")
        return True


def chosen(sids: list[str]) -> list[Call]:
    """Return the calls with these sids, or all active ones; raises ``CommandError``."""
    if not sids:
        return list(Call.objects.active())
    calls = {call.sid: call for call in Call.objects.filter(sid__in=sids)}
    if unknown := [sid for sid in sids if sid not in calls]:
        raise CommandError(f"There is no call with the sid {', '.join(unknown)}.")
    return [calls[sid] for sid in sids]


def name(call: Call) -> str:
    return call.sid or f"call {call.pk}, without a sid"


def difference(before: Call, now: Call) -> str:
    """Return what a call was and what it is."""
    if described(before) == described(now):
        return f"{described(now)}, unchanged"
    return f"{described(before)} -> {described(now)}"


def described(call: Call) -> str:
    """Return a call's state, how it ended and who talked."""
    outcome = call.outcome if call.outcome not in ("", call.state) else ""
    who = person(call.answered_by)["name"] if call.answered_by else ""
    more = " by ".join(filter(None, [outcome, who]))
    return f"{call.state} ({more})" if more else call.state

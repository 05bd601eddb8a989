"""A program that does twenty things to one call at the same moment, and prints the outcome.

It is a process of its own because Django reads ``DATABASE_URL`` once. Each of the twenty has a
thread, and so a connection to the database.
"""

import json
import os
import random
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402

from calls.agents import agents  # noqa: E402
from calls.models import Call, CallConflict  # noqa: E402
from calls.signals import call_recorded  # noqa: E402
from calls.states import State  # noqa: E402
from calls.views.once import once  # noqa: E402
from calls.views.placing import begun  # noqa: E402
from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN, STATUS, event, sign  # noqa: E402

STATES = ["initiated", "ringing", "in-progress", "completed"]
HOST = "127.0.0.1"


def main(rounds: int) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT_SID, AUTH_TOKEN
    call_command("migrate", verbosity=0)
    call_command("create_demo_users")
    outcome = {
        "vendor": connection.vendor,
        "webhooks": [twenty_webhooks(f"CA{number}") for number in range(rounds)],
        "claims": [twenty_claims(f"CB{number}") for number in range(rounds)],
        "placed": [twenty_placed(f"+155501001{number:02}") for number in range(rounds)],
        "actions": [twenty_actions() for _ in range(rounds)],
    }
    json.dump(outcome, sys.stdout)


def twenty_webhooks(sid: str) -> dict[str, Any]:
    """Send each event of a call five times, in random order."""
    changes: list[tuple[int, str, int]] = []

    def record(call: Call, **kwargs: Any) -> None:
        changes.append((call.version, call.state, call.data()["at"]))

    def send(form: dict[str, str]) -> int:
        headers = {"Host": HOST, "X-Twilio-Signature": sign(f"http://{HOST}{STATUS}", form)}
        return Client().post(STATUS, form, headers=headers).status_code

    webhooks = [event(state, number, CallSid=sid) for number, state in enumerate(STATES)] * 5
    random.shuffle(webhooks)
    call_recorded.connect(record)
    answers = run_together(send, webhooks)
    call_recorded.disconnect(record)
    (call,) = Call.objects.filter(sid=sid)
    (own,) = call.legs.all()
    row = {"state": call.state, "version": call.version, "sequence": own.sequence}
    return {"answers": answers, "changes": changes, **row}


def twenty_claims(sid: str) -> list[str]:
    """Let two agents press Answer ten times each, and return who got the call."""
    new = {"direction": "inbound", "from_number": "", "to_number": ""}
    call = Call.objects.record(sid, State.RINGING, **new)

    def claim(agent: Any) -> str | None:
        try:
            Call.objects.claim(call.pk, agent)
        except CallConflict:
            return None
        return agent.username

    racing = [*agents()] * 10
    return sorted({winner for winner in run_together(claim, racing) if winner})


def twenty_placed(number: str) -> int:
    """Let an agent place a call in twenty tabs, and return how many of them began."""
    agent = get_user_model().objects.first()
    Call.objects.all().delete()  # She answers or places none of them any more.

    def place(_: int) -> bool:
        try:
            begun(agent, number)
        except CallConflict:
            return False
        return True

    return sum(run_together(place, range(20)))


def twenty_actions() -> list[int]:
    """Send one request twenty times, and return how often it had its effect and all answers."""
    effects: list[int] = []
    agent, token = get_user_model().objects.first(), str(uuid4())

    @once
    def view(request: Any) -> JsonResponse:
        effects.append(1)
        return JsonResponse({}, status=201)

    def send(_: int) -> int:
        request = RequestFactory().post("/calls/", {"token": token})
        request.user = agent
        return view(request).status_code

    answers = run_together(send, range(20))
    return [len(effects), *sorted(set(answers))]


def run_together(job: Callable[[Any], Any], inputs: Sequence[Any]) -> list[Any]:
    """Run ``job`` for all inputs, each in a thread, from the same moment."""
    start = threading.Barrier(len(inputs))

    def run(one: Any) -> Any:
        connection.ensure_connection()
        start.wait()
        try:
            return job(one)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(inputs)) as threads:
        return list(threads.map(run, inputs))


if __name__ == "__main__":
    main(rounds=int(sys.argv[1]))

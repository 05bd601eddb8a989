"""A program: send twenty webhooks of one call at the same moment, then print what came of it.

Its own process, since Django knows one database (``DATABASE_URL``) for each; in it a thread, and so
a connection to the database, for each webhook.
"""

import json
import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402

from calls.models import Call  # noqa: E402
from calls.signals import call_changed  # noqa: E402
from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN, STATUS, event, sign  # noqa: E402

STATES = ["initiated", "ringing", "in-progress", "completed"]
REPEATED = 5
HOST = "127.0.0.1"


def main(rounds: int) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT_SID, AUTH_TOKEN
    call_command("migrate", verbosity=0)
    call_command("create_demo_users")
    results = [result(f"CA{number}") for number in range(rounds)]
    json.dump({"vendor": connection.vendor, "results": results}, sys.stdout)


def result(sid: str) -> dict[str, object]:
    told: list[tuple[int, str]] = []

    def tell(call: Call, **kwargs: object) -> None:
        told.append((call.version, call.state))

    webhooks = [event(state, number, CallSid=sid) for number, state in enumerate(STATES)] * REPEATED
    random.shuffle(webhooks)
    start = threading.Barrier(len(webhooks))

    def send(form: dict[str, str]) -> int:
        headers = {"Host": HOST, "X-Twilio-Signature": sign(f"http://{HOST}{STATUS}", form)}
        connection.ensure_connection()
        start.wait()
        try:
            return Client().post(STATUS, form, headers=headers).status_code
        finally:
            connections.close_all()

    call_changed.connect(tell)
    with ThreadPoolExecutor(len(webhooks)) as threads:
        answers = list(threads.map(send, webhooks))
    call_changed.disconnect(tell)
    (call,) = Call.objects.filter(sid=sid)
    row = {"state": call.state, "version": call.version, "sequence": call.sequence}
    return {"answers": answers, "told": told, **row}


if __name__ == "__main__":
    main(rounds=int(sys.argv[1]))

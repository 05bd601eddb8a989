"""Publishes in transactions of MariaDB, and prints what the log in PostgreSQL has then."""

import asyncio
import json
import sys

import django
from channels.layers import get_channel_layer
from django.core.management import call_command
from django.db import transaction

import realtime

django.setup()

from django.contrib.auth.models import Group  # noqa: E402

from realtime.eventlog import event_log  # noqa: E402
from realtime.events import group_name  # noqa: E402


def events():
    return [event.name for event in event_log().read({"room.1": 0}, 100)["room.1"].events]


def publish():
    with transaction.atomic():
        Group.objects.create(name="committed")
        realtime.publish("room.1", "committed", key="once")
        before_commit = events()
    try:
        with transaction.atomic():
            Group.objects.create(name="taken back")
            realtime.publish("room.1", "taken back")
            raise RuntimeError
    except RuntimeError:
        pass
    realtime.publish("room.1", "again", key="once")
    groups = list(Group.objects.values_list("name", flat=True))
    return {"before": before_commit, "after": events(), "groups": groups}


async def main():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group_name("room.1"), channel)
    found = await asyncio.to_thread(publish)
    async with asyncio.timeout(10):
        message = await layer.receive(channel)
    print(json.dumps({**found, "heard": message["name"]}))


call_command("migrate", verbosity=0)
call_command("migrate", database="realtime", verbosity=0)
asyncio.run(main())
sys.stdout.flush()

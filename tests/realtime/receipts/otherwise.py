"""Functions that a project would have: what is to be done when nobody received an event."""

import asyncio
import sys

from django.contrib.auth.models import Group

called = []
"""The events that they were called with."""

no_function = 7


def note(event):
    called.append(event)
    Group.objects.create(name=event.id)


async def note_async(event):
    called.append(event)
    await asyncio.sleep(0)
    await Group.objects.acreate(name=event.id)


def fail(event):
    note(event)
    raise LookupError("nobody on duty")


async def fail_async(event):
    await note_async(event)
    raise LookupError("nobody on duty")


def leave(event):
    sys.exit(1)

"""What a project would do about events that nobody received; each call is a row that shows it."""

import contextlib
import os
import signal
import time
import uuid


def note(event):
    from django.contrib.auth.models import Group

    Group.objects.create(name=f"{event.data} {os.getpid()} {uuid.uuid4().hex}")


def note_slowly(event):
    """Note it, and take so long that the process can be killed meanwhile; DEADLY does that."""
    note(event)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.environ["DEADLY"])
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)

"""The app on Windows, where Django developers work too: what only Unix has is taken away."""

import os
import subprocess
import sys

import pytest

from tests.processes.process import PROJECT

SERVE = """
import os, signal, sys
for name in ("fork", "forkpty", "register_at_fork", "getuid", "geteuid", "getpgid", "killpg"):
    delattr(os, name)
import asyncio
for name in ("SIGKILL", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE"):
    delattr(signal, name)
del asyncio.unix_events, sys.modules["asyncio.unix_events"]
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
# Windows' loops have none of these two.
for name in ("add_signal_handler", "remove_signal_handler"):
    def missing(*_): raise NotImplementedError
    setattr(asyncio.SelectorEventLoop, name, missing)

import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "realtime"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    ALLOWED_HOSTS=["testserver"],
    REALTIME={"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}},
)
django.setup()

import signal
from django.contrib.auth import get_user_model
from realtime import apublish
from realtime.consumers import RealtimeConsumer
from realtime.middleware import HeartbeatMiddleware
from realtime.testing import RealtimeCommunicator

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))  # As a server does.

async def main():
    user = get_user_model()(pk=7, username="alice")
    consumer = RealtimeConsumer.as_asgi()
    for application in (consumer, HeartbeatMiddleware(consumer)):
        async with RealtimeCommunicator(application, user=user, timeout=5) as socket:
            await socket.subscribe(timeout=5)
            await apublish(user, "greeting", "hello")
            print((await socket.event("greeting", timeout=5))["data"])

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="takes away what is not there; all other tests tell")
def test_it_is_imported_and_serves():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": ""}
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("hello\nhello\n", "")

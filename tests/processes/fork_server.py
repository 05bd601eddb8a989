"""The process that Python processes of tests are forked from; `forked.ForkServer` starts it.

It has imported what they all need, for which each would take a second of a core. Nothing of this
project is among it, nor an event loop; a fork reads its settings from an environment of its own.
"""

import ctypes
import gc
import importlib.util
import json
import os
import runpy
import signal
import socket
import sys
import threading
from typing import Any

PR_SET_PDEATHSIG = 1  # prctl.h
IMPORTED = [
    "asyncio",
    "concurrent.futures.thread",
    "sqlite3",
    "logging.config",
    "django.conf",
    "django.core.management",
    "django.core.checks",
    "django.core.handlers.asgi",
    "django.core.cache.backends.locmem",
    "django.db.models",
    "django.db.migrations.executor",
    "django.db.backends.sqlite3.base",
    "django.db.backends.postgresql.base",
    "django.forms",
    "django.http",
    "django.template.backends.django",
    "django.template.loader_tags",
    "django.template.defaulttags",
    "django.test.signals",
    "django.urls",
    "django.views.generic",
    "django.contrib.auth.hashers",
    "django.contrib.auth.password_validation",
    "django.contrib.staticfiles.handlers",
    "django.middleware.csrf",
    "django.middleware.security",
    "django.middleware.clickjacking",
    "channels.routing",
    "channels.layers",
    "channels.db",
    "channels.generic.websocket",
    "channels_redis.pubsub",
    "redis.asyncio",
    "psycopg",
    "dj_database_url",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.web.http",
    "autobahn.websocket.protocol",
    "uvicorn.main",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
]


def import_all() -> None:
    for name in IMPORTED:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    # Daphne makes one with an event loop, which forks would have in common.
    assert "twisted.internet.reactor" not in sys.modules
    assert threading.active_count() == 1
    gc.freeze()


def serve(requests: socket.socket) -> dict[str, Any]:
    """Fork for each request; returns the request in the new process."""
    answers = requests.makefile("w")
    for line in requests.makefile("r"):
        request: dict[str, Any] = json.loads(line)
        if "reap" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["reap"], 0)[1])
        elif not (answer := os.fork()):
            requests.detach()
            return request
        print(answer, file=answers, flush=True)
    sys.exit()


def run(arguments: list[str], env: dict[str, str], log: str) -> None:
    """Be the process that Python would start with these arguments."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(env)
    what, *rest = arguments
    if what == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    import_all()
    run(**serve(socket.socket(fileno=0)))

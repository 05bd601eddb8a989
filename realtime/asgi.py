"""``application()`` is all that a project's ``asgi.py`` needs: its pages, and the socket."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler

from realtime.logs import LIMITED, get_logger
from realtime.middleware import DrainMiddleware
from realtime.sockets.asgi import Application, Receive, Scope, Send

__all__ = ["application"]

logger = get_logger(__name__)


def application(wrapped: Application | None = None, *, path: str = "/realtime/") -> Application:
    """Return the ASGI application of a site whose pages connect to ``path``.

    All else is served by ``wrapped``, or by Django where that is None. With ``DEBUG``, static files
    are served too, by any server. Sockets are also drained on ASGI's ``lifespan.shutdown``. Overdue
    deadlines are looked for from the start of the server, or from its first request where it has no
    lifespan.

    Raises ``ImproperlyConfigured`` where 'realtime' is not in ``INSTALLED_APPS``, and
    ``ValueError`` for a path that does not begin with a slash.
    """
    if not path.startswith("/"):
        raise ValueError(f"A path begins with a slash, as {{% realtime %}} has it, not {path!r}.")
    others: Any = get_asgi_application() if wrapped is None else wrapped
    if not apps.is_installed("realtime"):
        raise ImproperlyConfigured(
            "Add 'realtime' to INSTALLED_APPS in the settings, then run manage.py migrate."
        )
    from realtime.consumers import RealtimeConsumer  # These need the apps.
    from realtime.receipts import watch

    consumer = RealtimeConsumer.as_asgi()
    # Django raises for a WebSocket, which servers log with a traceback. Others may serve some.
    others_sockets = partial(_refuse, path) if isinstance(others, ASGIHandler) else others
    if settings.DEBUG and apps.is_installed("django.contrib.staticfiles"):
        others = ASGIStaticFilesHandler(others)
    lifespan = DrainMiddleware(others)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        watch.start()  # Not earlier: this file may be imported before the server forks.
        if scope["type"] == "lifespan":
            served: Application = lifespan
        elif scope["type"] != "websocket":
            served = others
        elif scope["path"].removeprefix(scope.get("root_path", "")) == path:
            served = consumer
        else:
            served = others_sockets
        await served(scope, receive, send)

    return serve


async def _refuse(served: str, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    logger.warning("websocket refused path=%s served=%s", scope["path"], served, extra=LIMITED)
    await send({"type": "websocket.close"})

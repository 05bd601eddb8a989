"""The ASGI application of the examples: their pages, and the socket at ``/realtime/``."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.site.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.urls import path  # noqa: E402

from examples.dashboard import sampling  # noqa: E402
from realtime.consumers import RealtimeConsumer  # noqa: E402

sampling.start()

application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(django_application),
        "websocket": URLRouter([path("realtime/", RealtimeConsumer.as_asgi())]),
    }
)

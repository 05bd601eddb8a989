"""The ASGI application of the demo: Django's pages, and the socket at ``/realtime/``."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.urls import path  # noqa: E402

from calls import background  # noqa: E402
from project import demo_users  # noqa: E402
from realtime.consumers import RealtimeConsumer  # noqa: E402
from realtime.receipts import watch  # noqa: E402

demo_users.refuse_to_start()
background.start()
watch.start()  # A server has calls to hand on before the first page has come back to it.

websocket_application = URLRouter([path("realtime/", RealtimeConsumer.as_asgi())])
application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(django_application),
        "websocket": websocket_application,
    }
)

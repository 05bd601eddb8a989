"""The strict site: Django serves what ``collectstatic`` made, instead of the apps' own files."""

from channels.routing import ProtocolTypeRouter

from project.asgi import django_application, websocket_application

application = ProtocolTypeRouter({"http": django_application, "websocket": websocket_application})

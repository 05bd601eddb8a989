"""The addresses of the desk and of the phone company's webhooks."""

from collections.abc import Iterator

from django.urls import URLPattern, path, re_path, register_converter
from django.urls.converters import IntConverter

from calls import views, webhooks


class KeyConverter(IntConverter):
    """A primary key: never a number that a database can't compare with one."""

    regex = "[0-9]{1,18}"


register_converter(KeyConverter, "key")


def webhook_routes(name: str) -> Iterator[URLPattern]:
    """Yield the address of a webhook, with the slash at its end and without."""
    view = getattr(webhooks, name)
    yield path(f"calls/twilio/{name}/", view, name=f"twilio_{name}")
    yield path(f"calls/twilio/{name}", view)


urlpatterns = [
    path("", views.desk, name="desk"),
    path("supervisor/", views.supervisor, name="supervisor"),
    path("calls/", views.call_list, name="call_list"),
    path("calls/simulate/", views.simulate, name="simulate_call"),
    path("calls/simulate/<slug:word>/", views.simulate_word, name="simulate_word"),
    path("calls/<key:pk>/answer/", views.answer, name="answer_call"),
    path("calls/<key:pk>/ask/", views.ask, name="ask_for_call"),
    path("calls/phone/", views.phone, name="agent_phone"),
    path("calls/status/", views.status, name="agent_status"),
    path("calls/<key:pk>/decline/", views.decline, name="decline_call"),
    path("calls/<key:pk>/hangup/", views.hang_up, name="hang_up_call"),
    path("calls/<key:pk>/hold/", views.hold, name="hold_call"),
    path("calls/<key:pk>/transfer/", views.transfer, name="transfer_call"),
    path("calls/<key:pk>/message/", views.message, name="call_message"),
    *(route for name in webhooks.NAMES for route in webhook_routes(name)),
    # An address that was mistyped a little at Twilio must not lose webhooks in silence.
    re_path(r"^calls/twilio(?:/[\s\S]*)?$", webhooks.unknown),
]

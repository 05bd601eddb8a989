"""The addresses of the desk and of the phone company's webhooks."""

from collections.abc import Iterator

from django.urls import URLPattern, path, re_path

from calls import views, webhooks


def webhook_routes(name: str) -> Iterator[URLPattern]:
    """Yield the address of a webhook, with the slash at its end and without."""
    view = getattr(webhooks, name)
    yield path(f"calls/twilio/{name}/", view, name=f"twilio_{name}")
    yield path(f"calls/twilio/{name}", view)


urlpatterns = [
    path("", views.desk, name="desk"),
    path("calls/", views.call_list, name="call_list"),
    path("calls/simulate/", views.simulate, name="simulate_call"),
    path("calls/simulate/<slug:word>/", views.simulate_word, name="simulate_word"),
    path("calls/<int:pk>/answer/", views.answer, name="answer_call"),
    path("calls/phone/", views.phone, name="agent_phone"),
    path("calls/status/", views.status, name="agent_status"),
    path("calls/<int:pk>/decline/", views.decline, name="decline_call"),
    path("calls/<int:pk>/hangup/", views.hang_up, name="hang_up_call"),
    path("calls/<int:pk>/hold/", views.hold, name="hold_call"),
    path("calls/<int:pk>/transfer/", views.transfer, name="transfer_call"),
    path("calls/<int:pk>/message/", views.message, name="call_message"),
    *(route for name in webhooks.NAMES for route in webhook_routes(name)),
    # An address that was mistyped a little at Twilio must not lose webhooks in silence.
    re_path(r"^calls/twilio(?:/[\s\S]*)?$", webhooks.unknown),
]

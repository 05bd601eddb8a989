"""The addresses of the desk and of the phone company's webhooks."""

from django.urls import path

from calls import views, webhooks

urlpatterns = [
    path("", views.desk, name="desk"),
    path("calls/", views.call_list, name="call_list"),
    path("calls/simulate/", views.simulate, name="simulate_call"),
    path("calls/<int:pk>/answer/", views.answer, name="answer_call"),
    path("calls/<int:pk>/hangup/", views.hang_up, name="hang_up_call"),
    path("calls/twilio/voice/", webhooks.voice, name="twilio_voice"),
    path("calls/twilio/status/", webhooks.status, name="twilio_status"),
]

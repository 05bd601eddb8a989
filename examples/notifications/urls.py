"""The inbox; a notification has its key in its address, so it is made once."""

from django.urls import path

from examples.notifications import views

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<uuid:key>/", views.notify, name="notify"),
]

"""The index of the examples, a log-in without a password, and a path for each example."""

from django.contrib import admin
from django.urls import include, path

from examples.site import views

urlpatterns = [
    path("", views.index, name="index"),
    path("log-in/", views.log_in, name="log_in"),
    path("answers/", include("examples.answers.urls")),
    path("chat/", include("examples.chat.urls")),
    path("checklist/", include("examples.checklist.urls")),
    path("dashboard/", include("examples.dashboard.urls")),
    path("notifications/", include("examples.notifications.urls")),
    path("progress/", include("examples.progress.urls")),
    path("admin/", admin.site.urls),
]

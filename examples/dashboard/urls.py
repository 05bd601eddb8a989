"""The dashboard."""

from django.urls import path

from examples.dashboard import views

urlpatterns = [path("", views.dashboard, name="dashboard")]

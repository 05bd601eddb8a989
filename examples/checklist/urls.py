"""The list."""

from django.urls import path

from examples.checklist import views

urlpatterns = [path("", views.checklist, name="checklist")]

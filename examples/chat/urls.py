"""A page for each room."""

from django.urls import path

from examples.chat import views

urlpatterns = [path("<slug:slug>/", views.room, name="room")]

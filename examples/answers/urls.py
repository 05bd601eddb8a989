"""A page for each answer."""

from django.urls import path

from examples.answers import views

urlpatterns = [
    path("", views.new_question, name="new_question"),
    path("<uuid:key>/", views.answer, name="answer"),
]

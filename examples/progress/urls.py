"""A page for each job."""

from django.urls import path

from examples.progress import views

urlpatterns = [
    path("", views.new_job, name="new_job"),
    path("<uuid:key>/", views.job, name="job"),
]

"""The demo's pages, and what Prometheus and load balancers ask for."""

from django.urls import include, path

from realtime.contrib.health import live, ready
from realtime.contrib.metrics import MetricsView

urlpatterns = [
    path("metrics", MetricsView.as_view(token="scraped")),
    path("health/live", live),
    path("health/ready", ready),
    path("", include("project.urls")),
]

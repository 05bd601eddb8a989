"""The demo's settings, and what Prometheus and load balancers ask for."""

from tests.processes.site_settings import *  # noqa: F403

ROOT_URLCONF = "tests.end_to_end.metrics_urls"

"""Shows Prometheus what the processes of a site count; needs prometheus-client."""

from realtime.contrib.metrics.collector import RealtimeCollector
from realtime.contrib.metrics.views import MetricsView

__all__ = ["MetricsView", "RealtimeCollector"]

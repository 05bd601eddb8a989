"""Says to load balancers whether a process lives, and whether it can serve."""

from realtime.contrib.health.views import live, ready

__all__ = ["live", "ready"]

"""One stream for all who look at the dashboard: users whom the admin lets in."""

from typing import Any

from examples.dashboard.models import Reading
from realtime.streams import Stream, register

SHOWN = 60  # readings


@register("dashboard")
class DashboardStream(Stream):
    retention = {"COUNT": SHOWN}
    expects_followers = False  # Readings go on while nobody looks.

    def authorize(self, user: Any) -> bool:
        return user.is_staff

    def snapshot(self, user: Any) -> Any:
        return [reading.as_json() for reading in Reading.objects.order_by("-pk")[:SHOWN]]

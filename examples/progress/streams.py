"""A stream for each job: its owner gets the newest progress, five times a second at most."""

from typing import Any

from examples.progress.models import Job
from realtime.streams import Mode, Stream, register


@register("job")
class JobStream(Stream):
    mode = Mode.CACHE
    throttle = 0.2
    expects_followers = False  # A job goes on while nobody looks.

    def authorize(self, user: Any) -> bool:
        return Job.objects.filter(key=self.key, owner=user).exists()

    def snapshot(self, user: Any) -> Any:
        return Job.objects.get(key=self.key).as_json()

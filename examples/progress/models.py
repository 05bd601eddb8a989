"""Jobs that take a while, and how far they have come."""

from typing import Any

from django.conf import settings
from django.db import models


class Job(models.Model):
    key = models.CharField(max_length=36, unique=True)  # Of the button: two clicks are one job.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=60)

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"

    @property
    def stream(self) -> str:
        return f"job.{self.key}"

    def as_json(self) -> dict[str, Any]:
        return {"done": self.done, "total": self.total}

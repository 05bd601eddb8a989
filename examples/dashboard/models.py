"""What was measured, second by second."""

from typing import Any

from django.db import models


class Reading(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.value:.1f} at {self.at:%H:%M:%S}"

    def as_json(self) -> dict[str, Any]:
        return {"id": self.pk, "at": self.at, "value": self.value}

"""Whether an agent takes calls, and since when she has had none."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Status(models.TextChoices):
    AVAILABLE = "available"
    AWAY = "away"


class AgentStatus(models.Model):
    """What an agent says of herself; an agent without a row is available.

    ``idle_since`` is the end of her last call, or when she became available.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    status = models.CharField(max_length=9, choices=Status, default=Status.AVAILABLE)
    idle_since = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "agents' statuses"

    def __str__(self) -> str:
        return f"{self.user} {self.status}"

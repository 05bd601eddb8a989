"""Notifications of users, read or not."""

from typing import Any

from django.conf import settings
from django.db import models


class Notification(models.Model):
    key = models.UUIDField(unique=True)  # A form that is sent twice has the same one.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    text = models.CharField(max_length=200)
    read = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        return {"id": self.pk, "text": self.text, "read": self.read}


def newest(user: Any) -> list[dict[str, Any]]:
    """Return what a page shows, the newest first."""
    notifications = Notification.objects.filter(user=user).order_by("-pk")[:50]
    return [notification.as_json() for notification in notifications]

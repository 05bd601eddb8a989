"""What an agent asked for, so that the same request again has no second effect."""

from django.conf import settings
from django.db import models


class Action(models.Model):
    """A request of the desk, by the token that the page made for it, and its answer.

    ``status`` is the answer's HTTP status, None while the request runs.
    """

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    token = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "token"], name="one_action")]

    def __str__(self) -> str:
        return f"{self.path} {self.status}"

"""Questions, and the answers once they are complete; until then their words are events."""

from django.conf import settings
from django.db import models


class Answer(models.Model):
    key = models.CharField(max_length=36, unique=True)  # Of the form: two clicks ask once.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    question = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    start = models.JSONField()  # The position of its stream before the first word.

    def __str__(self) -> str:
        return self.question

    @property
    def stream(self) -> str:
        return f"answer.{self.key}"

"""Tasks in rooms; the table is made by ``migrate --run-syncdb``."""

from django.db import models

from realtime.contrib.models import StreamedManager


class Task(models.Model):
    title = models.CharField(max_length=50)
    room = models.IntegerField()

    objects = StreamedManager()

    def __str__(self) -> str:
        return self.title

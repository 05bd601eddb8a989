"""Rooms with members, and what they have said."""

from typing import Any

from django.conf import settings
from django.db import models


class Room(models.Model):
    slug = models.SlugField(unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL)

    def __str__(self) -> str:
        return self.slug


class Message(models.Model):
    key = models.UUIDField(unique=True)  # The page chooses it, so it can send a message twice.
    room = models.ForeignKey(Room, models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        author = self.author.get_username()
        return {"id": self.pk, "key": self.key, "author": author, "text": self.text}

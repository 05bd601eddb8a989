"""A list that several people change together."""

from typing import Any

from django.db import models


class Item(models.Model):
    id = models.UUIDField(primary_key=True)  # The page chooses it, so it can send an item twice.
    text = models.CharField(max_length=100)
    done = models.BooleanField(default=False)
    removed = models.BooleanField(default=False)
    version = models.IntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        names = ("id", "text", "done", "removed", "version", "added_at")
        return {name: getattr(self, name) for name in names}

"""The table of used tickets."""

from __future__ import annotations

from django.db import models


class UsedTicket(models.Model):
    """A ticket that was used, so that it is not used again; removed an hour after its end."""

    nonce = models.CharField(max_length=32, primary_key=True)
    expires = models.BigIntegerField(db_index=True, help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return self.nonce

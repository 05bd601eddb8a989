"""Orders, which the admin's table shows as they are."""

from django.db import models


class Order(models.Model):
    customer = models.CharField(max_length=100)
    pieces = models.IntegerField(default=1)
    shipped = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.customer}: {self.pieces}"

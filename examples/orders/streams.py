"""One stream says which orders have changed; their data comes from the admin itself."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from examples.orders.models import Order
from realtime import publish
from realtime.streams import Stream, register


@register("orders")
class OrdersStream(Stream):
    throttle = 0.5
    throttle_key = "id"

    def authorize(self, user: Any) -> bool:
        return user.is_staff and user.has_perm("orders.view_order")


@receiver([post_save, post_delete], sender=Order)
def order_changed(instance: Order, **_: Any) -> None:
    publish("orders", "changed", {"id": instance.pk})

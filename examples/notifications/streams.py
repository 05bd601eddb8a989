"""The user's own stream: pages get notifications by it, and send what was read."""

from typing import Any

from django.db import transaction

from examples.notifications.models import Notification, newest
from realtime import publish
from realtime.streams import Refused, UserStream, register


@register("user")
class InboxStream(UserStream):
    def snapshot(self, user: Any) -> Any:
        return newest(user)

    def receive(self, user: Any, name: str, data: Any) -> None:
        if name != "read" or not isinstance(data, list):
            raise Refused("This stream takes a list of what was read.")
        with transaction.atomic():
            unread = Notification.objects.filter(user=user, read=False).select_for_update()
            read = [one.pk for one in unread if one.pk in data]
            if Notification.objects.filter(pk__in=read).update(read=True):
                publish(user, "read", read)

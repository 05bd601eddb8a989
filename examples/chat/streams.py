"""A stream for each room: its members follow it, get what was said, and speak."""

from typing import Any

from django import forms
from django.db import transaction
from django.db.models.signals import m2m_changed
from django.dispatch import receiver

from examples.chat.models import Message, Room
from realtime import publish, reauthorize
from realtime.streams import Refused, Stream, register

NEWEST = 100  # messages that a page gets when it is opened


class Say(forms.Form):
    key = forms.UUIDField()
    text = forms.CharField(max_length=500)


@register("chat")
class ChatStream(Stream):
    def authorize(self, user: Any) -> bool:
        return Room.objects.filter(slug=self.key, members=user).exists()

    def snapshot(self, user: Any) -> Any:
        messages = Message.objects.filter(room__slug=self.key).select_related("author")
        return [message.as_json() for message in reversed(messages.order_by("-pk")[:NEWEST])]

    def receive(self, user: Any, name: str, data: Any) -> None:
        form = Say(data if isinstance(data, dict) else {})
        if name != "say" or not form.is_valid():
            raise Refused("A message has 1 to 500 characters.")
        new = {"room": Room.objects.get(slug=self.key), "author": user}
        new["text"] = form.cleaned_data["text"]
        with transaction.atomic():
            key = form.cleaned_data["key"]
            message, created = Message.objects.get_or_create(key=key, defaults=new)
            if created:
                publish(self.name, "message", message.as_json())


@receiver(m2m_changed, sender=Room.members.through)
def members_changed(instance: Any, **_: Any) -> None:
    """End the subscriptions of those who are members no more."""
    if isinstance(instance, Room):
        reauthorize(stream=f"chat.{instance.slug}")
    else:
        reauthorize(user=instance)

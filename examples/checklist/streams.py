"""The list's stream: who may change items follows it, changes them, and sees who else is there."""

from typing import Any

from django import forms
from django.db import transaction

from examples.checklist.models import Item
from realtime import publish
from realtime.streams import Refused, Stream, register


class Change(forms.Form):
    id = forms.UUIDField()
    text = forms.CharField(max_length=100)
    done = forms.BooleanField(required=False)
    removed = forms.BooleanField(required=False)


@register("checklist")
class ChecklistStream(Stream):
    presence = True

    def authorize(self, user: Any) -> bool:
        return user.has_perm("checklist.change_item")

    def presence_meta(self, user: Any, wanted: dict[str, Any]) -> Any:
        return {"name": user.get_username()}

    def snapshot(self, user: Any) -> Any:
        return [item.as_json() for item in Item.objects.filter(removed=False)]

    def receive(self, user: Any, name: str, data: Any) -> None:
        """Take what an item is to be, not what to do with it: a repetition changes nothing."""
        form = Change(data if isinstance(data, dict) else {})
        if name != "change" or not form.is_valid():
            raise Refused("An item has 1 to 100 characters.")
        wanted = form.cleaned_data
        with transaction.atomic():
            items = Item.objects.select_for_update()
            item, created = items.get_or_create(pk=wanted["id"], defaults=wanted)
            if created or item.done != wanted["done"] or item.removed < wanted["removed"]:
                item.done, item.removed = wanted["done"], item.removed or wanted["removed"]
                item.version += 1
                item.save()
                publish(self.name, "item", item.as_json())

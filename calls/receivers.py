"""Publishes each change of a call to every agent's stream and to the call's own."""

from typing import Any

from django.dispatch import receiver

from calls.agents import agents
from calls.models import Call
from calls.signals import call_recorded
from calls.states import State
from calls.streams import call_stream
from realtime import publish


@receiver(call_recorded, dispatch_uid="calls.publish_change")
def publish_change(call: Call, previous: State | None, **kwargs: Any) -> None:
    """Publish ``call.state``; the key names the change, so a retry publishes nothing new."""
    publish(
        [*agents(), call_stream(call)],
        "call.state",
        {**call.data(), "previous": previous},
        key=f"call.{call.pk}.{call.version}",
    )

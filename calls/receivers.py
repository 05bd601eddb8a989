"""Tells every agent's stream, and the call's own, of each change of a call."""

from typing import Any

from django.dispatch import receiver

from calls.agents import agents
from calls.models import Call
from calls.signals import call_changed
from calls.states import State
from calls.streams import call_stream
from realtime import publish


@receiver(call_changed, dispatch_uid="calls.tell_followers")
def tell_followers(call: Call, previous: State | None, **kwargs: Any) -> None:
    """Publish ``call.state``; the key names the change, so that a retry publishes nothing new."""
    publish(
        [*agents(), call_stream(call)],
        "call.state",
        {**call.data(), "previous": previous},
        key=f"call.{call.pk}.{call.version}",
    )

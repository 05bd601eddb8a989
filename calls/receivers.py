"""Tells every agent's stream of each change of a call."""

from typing import Any

from django.dispatch import receiver

from calls.agents import agents
from calls.models import Call
from calls.signals import call_changed
from calls.states import State
from realtime import publish


@receiver(call_changed, dispatch_uid="calls.tell_agents")
def tell_agents(call: Call, previous: State | None, **kwargs: Any) -> None:
    """Publish ``call.state``; the key names the change, so that a retry publishes nothing new."""
    publish(
        list(agents()),
        "call.state",
        {**call.data(), "previous": previous},
        key=f"call.{call.pk}.{call.version}",
    )

"""Publishes each change of a call to every agent's stream and to the call's own."""

from typing import Any

from django.dispatch import receiver

from calls.agents import agents
from calls.models import Call
from calls.signals import call_recorded, call_unreceived
from calls.states import State
from calls.streams import SUPERVISORS, call_stream
from realtime import publish

RECEIVED_WITHIN = 3.0
"""Seconds within which a desk has to receive that a call rings at it, before the next ones ring."""


@receiver(call_recorded, dispatch_uid="calls.publish_change")
def publish_change(call: Call, previous: State | None, **kwargs: Any) -> None:
    """Publish ``call.state``; the key names the change, so a retry publishes nothing new.

    Of the desks at which the call rings, one has to receive it in time.
    """
    about: dict[str, Any] = {"key": f"call.{call.pk}.{call.version}"}
    everybody, data = list(agents()), {**call.data(), "previous": previous}
    rung = {agent for agent in everybody if agent.pk in call.rings_at}
    if rung:
        in_time = {"within": RECEIVED_WITHIN, "otherwise": "calls.unreceived.ring_next"}
        publish(rung, "call.state", data, **about, **in_time)
    others = [agent for agent in everybody if agent not in rung]
    publish([*others, call_stream(call)], "call.state", data, **about)


@receiver(call_unreceived, dispatch_uid="calls.publish_unreceived")
def publish_unreceived(call: Call, **kwargs: Any) -> None:
    """Publish to the supervisors which call no desk has received at which it rang."""
    publish(SUPERVISORS, "call.unreceived", call.data(), key=f"unreceived.{call.pk}.{call.version}")

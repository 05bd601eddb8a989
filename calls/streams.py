"""The streams of agents, of their desks and of calls: their snapshots, and who may follow them."""

import re
from typing import Any

from calls import desk_presence
from calls.agents import is_agent, is_supervisor
from calls.desks import desks
from calls.models import Call
from realtime.streams import Refused, Stream, UserStream, register

SUPERVISORS = "supervisors"
"""The stream of what goes wrong with calls."""

PRIMARY_KEY = re.compile(r"[1-9][0-9]{0,17}")


def call_stream(call: Call) -> str:
    """Return the name of the stream of one call."""
    return f"call.{call.pk}"


@register("user")
class AgentStream(UserStream):
    """An agent's own stream, which carries all calls."""

    def snapshot(self, user: Any) -> dict[str, Any] | None:
        """Return the active calls as the list carries them; None if ``user`` is no agent."""
        if not is_agent(user):
            return None
        return {"calls": [call.data() for call in Call.objects.active()]}


@register("desk")
class DeskStream(Stream):
    """The stream of all desks, ``desk``, which shows the agents who is at one."""

    presence = True

    def authorize(self, user: Any) -> bool:
        return is_agent(user)

    def presence_meta(self, user: Any, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return the name and what the agent does, whatever the page wants."""
        return desk_presence.meta(user)


@register(SUPERVISORS)
class SupervisorsStream(Stream):
    """The stream ``supervisors``, with ``call.unreceived`` for calls that no desk received."""

    def authorize(self, user: Any) -> bool:
        return is_supervisor(user)

    def snapshot(self, user: Any) -> dict[str, Any]:
        """Return the active calls of which that is so."""
        return {"calls": [call.data() for call in Call.objects.active().exclude(unreceived=[])]}

    def receive(self, user: Any, name: str, data: Any) -> dict[str, Any]:
        """Answer which desks are connected, and how well."""
        if name != "desks":
            raise Refused(f"Ask for desks, not for {name}.")
        return {"desks": desks()}


@register("call")
class CallStream(Stream):
    """The stream of one call, ``call.<pk>``, for agents and supervisors."""

    expects_followers = False  # Agents get the same change on their own streams.

    def authorize(self, user: Any) -> bool:
        return (is_agent(user) or is_supervisor(user)) and self._call() is not None

    def snapshot(self, user: Any) -> dict[str, Any] | None:
        """Return the call as the list carries it."""
        call = self._call()
        return None if call is None else call.data()

    def _call(self) -> Call | None:
        if not PRIMARY_KEY.fullmatch(self.key):
            return None
        return Call.objects.listed().filter(pk=self.key).first()

"""The desks of all agents, as a supervisor sees them: who is connected, and how well."""

from collections import defaultdict
from typing import Any

from calls.agents import agents, person
from calls.availability import Standing, standings
from realtime import open_sockets


def desks() -> list[dict[str, Any]]:
    """Return each agent with what she does and her open windows; that takes up to a second.

    A window's ``latency`` is in milliseconds, None before the first round trip. A window that gets
    the agent's calls is ``live``.
    """
    everybody = list(agents())
    does = standings(everybody)
    windows = defaultdict(list)
    for socket in open_sockets(everybody):
        latency = None if socket.latency is None else round(socket.latency * 1000)
        windows[socket.user].append({"latency": latency, "live": socket.user in socket.streams})
    return [
        {
            **person(agent),
            "status": does.get(agent.pk, Standing.AVAILABLE),
            "windows": windows[f"user.{agent.pk}"],
        }
        for agent in everybody
    ]

"""The ways in which a path ends and comes back."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from tests.cuts.environment import Environment


@dataclass(frozen=True)
class Scenario:
    """`cut` ends the path, `heal` brings it back; `silent`: nothing tells the servers."""

    name: str
    cut: Callable[[Environment], None]
    heal: Callable[[Environment], None]
    silent: bool = True


WIFI_OFF = Scenario(
    "Wi-Fi off and on",
    lambda environment: environment.network.wifi_off(),
    lambda environment: environment.network.wifi_on(),
)

PULLED_CABLE = Scenario(
    "pulled cable, the router forgets",
    lambda environment: environment.network.lose_all(),
    lambda environment: environment.network.forget(),
)

KILLED = Scenario(
    "kill -9, another server comes up",
    lambda environment: environment.kill_edges(),
    lambda environment: environment.start_edges(),
    silent=False,
)

ALL = os.environ.get("CUTS") == "all"
"""Whether what other cuts prove as well is done too, as `make cuts` does."""

SCENARIOS = [
    WIFI_OFF,
    Scenario(
        "bogus route, the close arrives late",
        lambda environment: environment.network.misroute(),
        lambda environment: environment.network.route_right(),
    ),
    # It happens for longer with the default heartbeat, too.
    *([PULLED_CABLE] if ALL else []),
    Scenario(
        "server to client is lost",
        lambda environment: environment.network.lose_from_server(),
        lambda environment: environment.network.pass_all(),
    ),
    Scenario(
        "client to server is lost",
        lambda environment: environment.network.lose_from_laptop(),
        lambda environment: environment.network.pass_all(),
    ),
    KILLED,
]

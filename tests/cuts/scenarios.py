"""The ways in which a path ends and comes back."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.cuts.world import World


@dataclass(frozen=True)
class Scenario:
    """`cut` ends the path, `heal` brings it back; `silent`: the server is not told of the end."""

    name: str
    cut: Callable[[World], None]
    heal: Callable[[World], None]
    silent: bool = True


PULLED_CABLE = Scenario(
    "pulled cable, the router forgets",
    lambda world: world.network.lose_all(),
    lambda world: world.network.forget(),
)

SCENARIOS = [
    Scenario(
        "Wi-Fi off and on",
        lambda world: world.network.wifi_off(),
        lambda world: world.network.wifi_on(),
    ),
    Scenario(
        "bogus route, the close arrives late",
        lambda world: world.network.misroute(),
        lambda world: world.network.route_right(),
    ),
    PULLED_CABLE,
    Scenario(
        "server to client is lost",
        lambda world: world.network.lose_from_server(),
        lambda world: world.network.pass_all(),
    ),
    Scenario(
        "client to server is lost",
        lambda world: world.network.lose_from_laptop(),
        lambda world: world.network.pass_all(),
    ),
    Scenario(
        "kill -9, another server comes up",
        lambda world: world.kill_edges(),
        lambda world: world.start_edges(),
        silent=False,
    ),
]

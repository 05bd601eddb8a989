"""What each kind of lost webhook costs at real desks; docs/calls.md has the table.

`make test` plays the three kinds that tell most, `make webhooks` all.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.browsers.browser import Browser, BrowserName
from tests.browsers.lost.kinds import KINDS, TELLING, Kind, Truth
from tests.browsers.lost.town import AGENTS, Town
from tests.processes.postgres import Postgres
from tests.processes.redis_server import RedisServer
from tests.processes.site import Sites

pytestmark = pytest.mark.processes

ALL = os.environ.get("WEBHOOKS") == "all"
BUSY = 8.0
"""Seconds more, for the company's own time, and because two browsers share two cores."""

AFTERWARDS = 1.0
"""Seconds in which nothing may happen that puts an end to a conversation, or rings."""


@pytest.fixture(scope="module")
def open_town(
    tmp_path_factory: pytest.TempPathFactory,
    site_env: dict[str, str],
    site_database: os.PathLike[str],
    postgres: Postgres,
    launch: Callable[[BrowserName], Browser],
) -> Iterator[Callable[[], Town]]:
    """Return the town that all kinds share, another one if a browser has crashed."""
    with ExitStack() as ending:
        opened: list[Town] = []

        def latest() -> Town:
            if not opened or opened[-1].crashed:
                ending.close()
                directory = tmp_path_factory.mktemp("town")
                redis = RedisServer(directory)
                ending.callback(redis.kill)
                redis.start()
                sites = Sites(directory, site_database, site_env)
                ending.callback(sites.close)
                url = postgres.create_database()
                alice = sites("daphne", redis=redis, database_url=url)
                bob = sites("uvicorn", redis=redis, database_url=url)
                opened.append(Town(ending, {"alice": alice, "bob": bob}, launch))
            return opened[-1]

        yield latest


@pytest.fixture
def town(open_town: Callable[[], Town]) -> Iterator[Town]:
    town = open_town()
    before = {browser: len(browser.errors()) for browser in town.browsers}
    yield town
    for browser, errors in before.items():
        assert not browser.errors()[errors:], browser.name
    if not town.crashed:
        town.settle()


@pytest.mark.parametrize("kind", KINDS if ALL else TELLING, ids=lambda kind: kind.name)
def test_the_desks_are_right_in_time(
    kind: Kind, town: Town, record_property: Callable[[str, object], None]
) -> None:
    truth = kind.play(town)
    talk = town.company.talk(truth.sid)
    right_at = when_right(town, truth, truth.since + kind.bound + BUSY)
    took = {name: max(0.0, right_at[name] - truth.since) for name in AGENTS}
    record_property("lost", (kind.name, took["alice"], took["bob"], kind.bound))
    time.sleep(AFTERWARDS)
    assert town.company.talk(truth.sid) == talk, "the site cut a conversation"
    for name, desk in town.tabs:
        assert town.is_right(desk, truth.sid, truth.says[name], rings=truth.rings), desk.shown()
        late = [at for at in desk.shown().tones if at / 1000 > right_at[name]]
        assert not late, f"a tone began at {name}'s after the desk was right"


def when_right(town: Town, truth: Truth, deadline: float) -> dict[str, float]:
    """Return when all tabs of each agent were first found to show the truth."""
    found: dict[str, float] = {}
    while len(found) < len(AGENTS):
        for name in AGENTS.keys() - found.keys():
            if all(
                town.is_right(desk, truth.sid, truth.says[name], rings=truth.rings)
                for desk in town.desks[name]
            ):
                found[name] = time.time()
        shown = [(name, desk.shown()) for name, desk in town.tabs if name not in found]
        assert not shown or time.time() < deadline, f"{truth} is not what is shown: {shown}"
    return found

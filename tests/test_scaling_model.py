"""The model of a million sockets: its arithmetic, and that docs/scaling.md shows what it prints."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from benchmarks.scaling_model import (
    BUSY,
    LIMITS,
    SOCKETS_EACH,
    Costs,
    Work,
    breaks,
    breaks_at,
    need,
    simulate,
    table,
    touched,
)

DOCUMENT = Path(__file__).parents[1] / "docs/scaling.md"
COSTS, WORK = Costs(), Work()
FREE = Costs(**{field.name: 0.0 for field in fields(Costs)})
QUIET = Work(wide=0.0)


def test_rates_follow_from_what_the_users_do():
    found = need(6_000, COSTS, QUIET)
    assert found.heartbeats == 600
    assert found.published == pytest.approx(6_000 / 60 + 60 / 10)
    assert found.deliveries == pytest.approx(6_000 / 60 + 60 / 10 * 100)
    assert (found.processes, found.arrivals) == (1, found.published)


def test_each_cost_is_of_what_it_is_named_for():
    assert need(6_000, replace(FREE, ping=1000), QUIET).server_cores == pytest.approx(0.6)
    assert need(6_000, replace(FREE, delivery=100), QUIET).server_cores == pytest.approx(0.07)
    assert need(6_000, replace(FREE, log_publish=1000), QUIET).log_cores == pytest.approx(0.106)
    assert need(6_000, replace(FREE, layer_publish=1000), QUIET).layer_cores == pytest.approx(0.106)
    assert need(6_000, replace(FREE, socket_memory=1024), QUIET).server_memory == 6_000 * 1024
    pruned = need(6_000, replace(FREE, redis_log_prune=1000), QUIET).redis_log_cores
    assert pruned == pytest.approx(6_060 / 60 / 1000)


def test_there_are_as_many_processes_as_cores_or_sockets_ask_for():
    assert need(3 * SOCKETS_EACH, FREE, QUIET).processes == 3
    busy = need(SOCKETS_EACH, replace(FREE, ping=1000), QUIET)
    assert busy.processes == 2
    assert busy.server_cores <= busy.processes * BUSY


def test_a_wide_event_goes_to_every_process():
    some, none = need(100_000, COSTS, WORK), need(100_000, COSTS, QUIET)
    more = some.arrivals - none.arrivals
    assert more == pytest.approx(some.published * WORK.wide * some.processes)
    assert some.widest_cores > none.widest_cores == 0


def test_kept_is_what_retention_lets_be_kept():
    by_count = need(6_000, COSTS, replace(QUIET, retention_count=10))
    assert by_count.log_bytes == 6_060 * 10 * COSTS.event_bytes
    by_age = need(6_000, COSTS, replace(QUIET, retention_age=10))
    assert by_age.log_bytes == pytest.approx(by_age.published * 10 * COSTS.event_bytes)


def test_a_limit_breaks_where_it_is_passed():
    for limit in LIMITS:
        at = breaks_at(limit, COSTS, WORK)
        if at is not None:
            assert limit.used(need(round(at * 1.1), COSTS, WORK)) > limit.most
            assert limit.used(need(round(at * 0.9), COSTS, WORK)) <= limit.most


def test_chance_agrees_with_the_model():
    found = simulate(20_000, processes=30, shards=3, room_size=100, prefix="asgi", seed=1)
    assert found["processes that a room is in"] == pytest.approx(touched(30, 100), rel=0.02)
    assert found["sockets of a process"] < 1.15
    assert found["groups of a Redis"] < 1.05


@pytest.mark.parametrize("printed", [table(COSTS, WORK), breaks(COSTS, WORK)])
def test_the_document_shows_what_the_model_prints(printed):
    assert printed in DOCUMENT.read_text(), "run python -m benchmarks.scaling_model"

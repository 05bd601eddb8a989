"""When a webhook is tried again."""

import pytest

from calls.simulator.overrides import Failure, Overrides, split

URL = "http://site.example/calls/"


def pauses(overrides: Overrides, failure: Failure) -> list[float]:
    found: list[float] = []
    elapsed = 0.0
    while (pause := overrides.pause(failure, len(found) + 1, elapsed)) is not None:
        found.append(pause)
        elapsed += pause
    return found


def test_once_more_where_connecting_failed() -> None:
    address, overrides = split(URL)
    assert address == URL
    assert pauses(overrides, Failure.CONNECT) == [0.5]
    for failure in set(Failure) - {Failure.CONNECT}:
        assert pauses(overrides, failure) == []


@pytest.mark.parametrize("failure", Failure)
def test_the_fragment_asks_for_more(failure: Failure) -> None:
    address, overrides = split(f"{URL}#rc=5&rp=all")
    assert address == URL
    assert pauses(overrides, failure) == [0.5, 1, 2, 4]  # The fifth would be later than 15 s.


def test_a_slow_site_gets_fewer_attempts() -> None:
    _, overrides = split(f"{URL}#rc=5&rp=all")
    assert overrides.pause(Failure.READ, 1, 10.0) == 0.5
    assert overrides.pause(Failure.READ, 2, 15.0) is None


def test_some_failures_only() -> None:
    _, overrides = split(f"{URL}#rc=2&rp=5xx,rt")
    assert pauses(overrides, Failure.BROKEN) == [0.5, 1]
    assert pauses(overrides, Failure.CONNECT) == []


@pytest.mark.parametrize(("fragment", "retries"), [("rc=9", 5), ("rc=x", 1), ("", 1), ("rc=0", 0)])
def test_how_often(fragment: str, retries: int) -> None:
    assert split(f"{URL}#{fragment}")[1].retries == retries

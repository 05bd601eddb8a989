"""A cache is believed about missing sessions only while it keeps what this process put there."""

import pytest

from realtime.access.session_cache import DOUBT, PROBE_AGE, PROBE_KEY, ProbedCache


class Cache:
    """A cache as its client shows it; one that is away answers as some clients are set to."""

    def __init__(self):
        self.values = {}
        self.is_away = False

    def set(self, key, value, timeout):
        if not self.is_away:
            self.values[key] = value

    def get_many(self, keys):
        return {} if self.is_away else {k: self.values[k] for k in keys if k in self.values}


@pytest.fixture
def cache():
    cache = Cache()
    cache.values = {"a": {"user": 1}, "b": {"user": 2}}
    return cache


@pytest.fixture
def probed(cache):
    probed = ProbedCache()
    assert probed.read(cache, ["a"], 0.0) == {"a": {"user": 1}}
    return probed


def kinds(found):
    return {key: type(value) for key, value in found.items()}


def test_a_session_that_is_gone_is_missing(cache, probed):
    del cache.values["a"]
    assert probed.read(cache, ["a", "b"], 1.0) == {"b": {"user": 2}}


def test_a_cache_that_hides_its_failure_is_not_believed(cache):
    cache.is_away = True
    assert kinds(ProbedCache().read(cache, ["a"], 0.0)) == {"a": ConnectionError}


def test_a_cache_that_goes_away_later_is_not_believed(cache, probed):
    cache.is_away = True
    assert kinds(probed.read(cache, ["a"], 1.0)) == {"a": ConnectionError}
    cache.is_away = False
    assert probed.read(cache, ["a"], 2.0) == {"a": {"user": 1}}


def test_after_a_loss_a_missing_session_is_in_doubt_for_a_while(cache, probed):
    cache.values.clear()
    assert kinds(probed.read(cache, ["a"], 1.0)) == {"a": ConnectionError}
    cache.values["new"] = {"user": 3}
    late = DOUBT
    assert kinds(probed.read(cache, ["a", "new"], late)) == {"a": ConnectionError, "new": dict}
    assert probed.read(cache, ["a", "new"], late + 2) == {"new": {"user": 3}}


def test_the_probe_is_renewed_before_it_expires(cache, probed):
    cache.values[PROBE_KEY] = "old"
    probed.read(cache, ["a"], PROBE_AGE / 2 - 1)
    assert cache.values[PROBE_KEY] == "old"
    probed.read(cache, ["a"], PROBE_AGE / 2 + 1)
    assert cache.values[PROBE_KEY] != "old"


def test_a_failure_that_the_cache_shows_is_raised(cache, probed):
    def fail(keys):
        raise ConnectionRefusedError

    cache.get_many = fail
    with pytest.raises(ConnectionRefusedError):
        probed.read(cache, ["a"], 1.0)

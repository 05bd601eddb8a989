import itertools
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.throttle import MAX_HELD, Throttle

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "throttle.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    throttle = Throttle(vector["every"])
    for step in vector["steps"]:
        if "take" in step:
            out = throttle.take(*step["take"], step["at"])
        else:
            out = throttle.wake(step["at"])
        assert out == step["out"], step
        if "wake_at" in step:
            expected = math.inf if step["wake_at"] is None else step["wake_at"]
            assert throttle.wake_at == pytest.approx(expected), step


def test_where_too_many_are_held_the_beat_ends_early():
    throttle = Throttle(60)
    throttle.take("first", "first", 0)
    out = [throttle.take(key, key, 1) for key in range(MAX_HELD)]
    assert out == [[]] * (MAX_HELD - 1) + [list(range(MAX_HELD))]
    assert not throttle.held
    assert throttle.take(0, "of the next beat", 2) == []
    assert throttle.wake_at == 61, "which began when the other ended"


events = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=60)


@given(events, st.integers(1, 20), st.integers(0, 5))
def test_whatever_comes_the_last_of_each_key_goes_within_the_beat_and_none_too_often(
    gaps, every, late
):
    """``late`` is how late the timer is; times are whole, so that nothing is rounded."""
    throttle, now, out, came = Throttle(every), 0, [], []

    def wake(until):
        while (due := throttle.wake_at + late) <= until:
            out.extend((due, *one) for one in throttle.wake(due))

    for number, (gap, key) in enumerate(gaps):
        now += gap
        wake(now)
        came.append((now, number, key))
        out.extend((now, *one) for one in throttle.take(key, (number, key), now))
    wake(now + 10 * every + 100)

    numbers = [number for _, number, _ in out]
    assert numbers == sorted(set(numbers)), "each once, in order"
    for key in {key for _, _, key in came}:
        times = [at for at, _, its in out if its == key]
        assert all(later - at >= every for at, later in itertools.pairwise(times))
        last_came, last, _ = [one for one in came if one[2] == key][-1]
        gone = [at for at, number, _ in out if number == last]
        assert gone and gone[0] - last_came <= every + late

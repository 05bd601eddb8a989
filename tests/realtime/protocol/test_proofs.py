"""By when something had arrived: never too early, and close to the truth for a healthy peer."""

import random

import pytest

from realtime.protocol.proofs import MAX_EXACT, MAX_RUNS, RUN, Proofs


def proofs(*pongs):
    """Return proofs of pairs: when the ping went out, when its pong came."""
    made = Proofs()
    for pinged_at, ponged_at in pongs:
        made.add(pinged_at, ponged_at, is_of_use=True)
    return made


def test_a_pong_proves_what_was_sent_before_its_ping():
    made = proofs((10.0, 10.2))
    assert made.proved_at(9.0) == 10.2
    assert made.proved_at(10.0) is None, "not what came in the same instant"
    assert made.proved_at(11.0) is None
    assert made.last == 10.2
    assert Proofs().last is Proofs().proved_at(1.0) is None


def test_the_newest_are_exact():
    made = proofs(*((10.0 * n, 10.0 * n + n / 100) for n in range(100)))
    for n in range(100 - MAX_EXACT // 2, 100):
        assert made.proved_at(10.0 * n - 5) == 10.0 * n + n / 100


def test_what_a_healthy_peer_proved_hours_ago_is_known_to_a_heartbeat():
    made = proofs(*((10.0 * n, 10.0 * n + 0.1) for n in range(3000)))
    for n in (1, 500, 2000):
        assert 10.0 * n + 0.1 <= made.proved_at(10.0 * n - 9) <= 10.0 * n + 10.1


def test_a_time_without_pongs_does_not_blur_the_rest():
    healthy = [(10.0 * n, 10.0 * n + 0.1) for n in range(100)]
    late = [(5000.0 + 10.0 * n, 5000.1 + 10.0 * n) for n in range(100)]
    made = proofs(*healthy, *late)
    assert made.proved_at(500.0) <= 512.0
    assert made.proved_at(995.0) == 5000.1
    assert made.proved_at(5500.0) <= 5512.0


def test_pongs_that_proved_nothing_keep_the_proofs_close():
    made = Proofs()
    for n in range(1000):
        made.add(10.0 * n, 10.0 * n + 0.1, is_of_use=n % 100 == 0)
    assert made.proved_at(2000.5) <= 2012.0


@pytest.mark.parametrize("seed", range(20))
def test_a_proof_is_never_too_early_and_never_missing(seed):
    draw = random.Random(seed)
    now, pongs = 0.0, []
    for _ in range(400):
        now += draw.choice([0.01, 1.0, 10.0, 10.0, 10.0, 300.0]) * draw.uniform(0.9, 1.1)
        pongs.append((now, now := now + draw.uniform(0.001, 3.0)))
    made = proofs(*pongs)
    for sent_at in (draw.uniform(0, now + 10) for _ in range(500)):
        true = next((ponged for pinged, ponged in pongs if pinged > sent_at), None)
        said = made.proved_at(sent_at)
        assert (said is None) == (true is None)
        assert said is None or said >= true
    assert len(made._runs) <= MAX_RUNS * RUN
    assert len(made._exact) <= 2 * MAX_EXACT

from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.in_flight import InFlight, Pressure


def send(in_flight, size):
    in_flight.total += size


def test_a_ping_is_due_past_half_of_the_limit_and_only_once():
    in_flight = InFlight(100)
    send(in_flight, 50)
    assert in_flight.pressure is Pressure.FINE
    send(in_flight, 1)
    assert in_flight.pressure is Pressure.PING
    in_flight.pinged("a")
    assert in_flight.pressure is Pressure.FINE


def test_the_first_ping_may_be_due_earlier_and_no_other():
    in_flight = InFlight(100)
    in_flight.begin(0.8)
    send(in_flight, 11)
    assert in_flight.pressure is Pressure.PING
    in_flight.pinged("a")
    send(in_flight, 50)
    assert in_flight.pressure is Pressure.FINE


def test_past_the_limit_nothing_more_fits():
    in_flight = InFlight(100)
    send(in_flight, 60)
    in_flight.pinged("a")
    send(in_flight, 40)
    assert in_flight.pressure is Pressure.FINE
    send(in_flight, 1)
    assert in_flight.pressure is Pressure.FULL


def test_a_pong_proves_what_was_sent_before_its_ping_and_nothing_else():
    in_flight = InFlight(100)
    send(in_flight, 60)
    in_flight.pinged("a")
    send(in_flight, 45)
    assert in_flight.pressure is Pressure.FULL
    in_flight.ponged("never sent")
    assert in_flight.pressure is Pressure.FULL
    in_flight.ponged("a")
    assert in_flight.pressure is Pressure.FINE
    send(in_flight, 56)
    assert in_flight.pressure is Pressure.FULL


def test_a_later_pong_answers_earlier_pings_which_then_count_no_more():
    in_flight = InFlight(100)
    in_flight.pinged("a")
    send(in_flight, 60)
    in_flight.pinged("b")
    in_flight.ponged("b")
    in_flight.ponged("a")
    send(in_flight, 100)
    assert in_flight.pressure is not Pressure.FULL


@given(st.lists(st.tuples(st.sampled_from(["send", "ping", "pong"]), st.integers(1, 80))))
def test_pressure_never_changes_below_check_at(steps):
    in_flight = InFlight(100)
    nonces = []
    for step, number in steps:
        if step == "send":
            send(in_flight, number)
        elif step == "ping":
            nonces.append(str(len(nonces)))
            in_flight.pinged(nonces[-1])
        elif nonces:
            in_flight.ponged(nonces[number % len(nonces)])
        if in_flight.total < in_flight.check_at:
            assert in_flight.pressure is Pressure.FINE
        else:
            assert in_flight.pressure is not Pressure.FINE

"""What follows from a change: what is one with it, and what comes after."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal

from calls.models import Call
from calls.signals import call_changed, call_recorded
from calls.states import State

INBOUND = {"direction": "inbound", "from_number": "+15550100123", "to_number": "+15550100000"}

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[[Signal, Callable[..., None]], None]


@pytest.fixture
def connect() -> Iterator[Connect]:
    connected: list[tuple[Signal, Callable[..., None]]] = []

    def connect(signal: Signal, receiver: Callable[..., None]) -> None:
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


def raising(call: Call, **arguments: Any) -> None:
    raise RuntimeError("The customer file is away.")


def test_a_receiver_that_raises_is_logged_by_name_and_undoes_nothing(
    connect: Connect, agents: None, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[State] = []

    def other(call: Call, **arguments: Any) -> None:
        seen.append(State(call.state))

    connect(call_changed, raising)
    connect(call_changed, other)
    Call.objects.record("CA1", State.RINGING, **INBOUND)
    assert Call.objects.get(sid="CA1").state == "ringing"
    assert seen == ["ringing"]
    assert "raising" in caplog.text
    assert "The customer file is away." in caplog.text


def test_it_is_sent_after_the_commit(connect: Connect, agents: None) -> None:
    seen: list[tuple[State | None, State]] = []

    def note(call: Call, previous: State | None, **arguments: Any) -> None:
        seen.append((previous, State(call.state)))

    connect(call_changed, note)
    with transaction.atomic():
        Call.objects.record("CA1", State.RINGING, **INBOUND)
        assert seen == []
    assert seen == [(None, "ringing")]


def test_a_change_that_is_rolled_back_is_not_announced(connect: Connect, agents: None) -> None:
    seen: list[Call] = []

    def note(call: Call, **arguments: Any) -> None:
        seen.append(call)

    connect(call_changed, note)
    with pytest.raises(RuntimeError), transaction.atomic():
        Call.objects.record("CA1", State.RINGING, **INBOUND)
        raise RuntimeError
    assert seen == []


def test_what_is_one_with_the_change_can_undo_it(connect: Connect, agents: None) -> None:
    connect(call_recorded, raising)
    with pytest.raises(RuntimeError):
        Call.objects.record("CA1", State.RINGING, **INBOUND)
    assert not Call.objects.exists()

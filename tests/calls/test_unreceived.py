"""A call that rings at desks of which none receives that rings at the next ones, too."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from calls.agents import SUPERVISORS
from calls.models import Call
from realtime.consumers import RealtimeConsumer
from realtime.receipts.handing_on import hand_on_overdue
from realtime.receipts.notes import running_notes
from realtime.testing import RealtimeCommunicator, RealtimeError
from realtime.testing.fixtures import Published
from tests.calls.desks import sit_down
from tests.calls.test_ringing import Caller
from tests.calls.twilio_webhooks import CALL_SID, Poster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carol(alice: Any) -> Any:
    user = get_user_model().objects.create(username="carol")
    user.groups.set(alice.groups.all())
    return user


@pytest.fixture
def team(alice: Any, bob: Any, carol: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Three agents at their desks, of whom one is called in each round."""
    monkeypatch.setattr("calls.rounds.ROUND_SIZE", 1)
    # However slow the test is, no time passes by itself.
    monkeypatch.setattr("calls.receivers.RECEIVED_WITHIN", 300)
    sit_down(alice, bob, carol)
    return [alice, bob, carol]


@pytest.fixture
def caller(twilio: Poster, team: list[Any]) -> Iterator[Caller]:
    caller = Caller(twilio)
    assert caller.calls().hears() == ["alice"]
    yield caller


def call() -> Call:
    return Call.objects.listed().get(sid=CALL_SID)


def pks(*users: Any) -> list[int]:
    return [user.pk for user in users]


def its_time_passes() -> None:
    hand_on_overdue(later=300.5)


def test_the_next_agents_are_rung_one_round_after_the_other(
    caller: Caller, published: list[Published], alice: Any, bob: Any, carol: Any
) -> None:
    its_time_passes()
    assert (call().rung_now, call().unreceived) == (pks(bob, alice), pks(alice))
    rung = [event for event in published if event.name == "call.state"]
    assert {event.stream for event in rung} >= {f"user.{pk}" for pk in pks(alice, bob, carol)}
    assert all(event.data["ringing"] == pks(bob, alice) for event in rung)
    (told,) = [event for event in published if event.name == "call.unreceived"]
    assert (told.stream, told.data["unreceived"]) == ("supervisors", pks(alice))
    its_time_passes()
    assert (call().rung_now, call().unreceived) == (pks(carol, bob, alice), pks(alice, bob))


def test_with_nobody_left_it_rings_on_and_the_supervisors_get_to_know_it_once(
    caller: Caller, published: list[Published], alice: Any, bob: Any, carol: Any
) -> None:
    for _ in range(6):
        its_time_passes()
    assert (call().rung_now, call().unreceived) == (pks(carol, bob, alice), pks(alice, bob, carol))
    assert (call().state, call().voicemail) == ("ringing", False)
    told = [event.data["unreceived"] for event in published if event.name == "call.unreceived"]
    assert told == [pks(alice), pks(alice, bob), pks(alice, bob, carol)]


@pytest.mark.parametrize(
    "happens",
    [
        lambda twilio, alice: Call.objects.claim(call().pk, alice),
        lambda twilio, alice: twilio.leg("alice", "in-progress", 2),
        lambda twilio, alice: twilio.status("completed", 0),
        lambda twilio, alice: Call.objects.all().delete(),
    ],
    ids=["claimed", "answered", "over", "deleted"],
)
def test_a_call_that_waits_no_more_rings_at_nobody_else(
    caller: Caller,
    twilio: Poster,
    alice: Any,
    published: list[Published],
    happens: Callable[[Poster, Any], Any],
) -> None:
    happens(twilio, alice)
    rung = [one.rung for one in Call.objects.all()]
    its_time_passes()
    assert [one.rung for one in Call.objects.all()] == rung
    assert not [event for event in published if event.name == "call.unreceived"]


def test_the_phones_of_those_who_came_in_ring_when_the_dial_ends(
    caller: Caller, twilio: Poster, bob: Any
) -> None:
    its_time_passes()
    twilio.leg("alice", "no-answer", 2)
    action = caller.action()
    assert caller.dial_ends().hears() == ["bob"]
    assert Caller(twilio).dial_ends(action=action).hears() == ["bob"]  # The same webhook again.
    assert caller.dial_ends().hears() == ["carol"]


async def test_a_desk_that_has_received_it_keeps_it(twilio: Poster, team: list[Any]) -> None:
    alice = team[0]
    async with socket_of(alice) as desk:
        await desk.subscribe()
        await sync_to_async(twilio.voice)()
        await desk.event("call.state")
        await desk.no_event()
        await running_notes().written()
        await sync_to_async(its_time_passes)()
        found = await Call.objects.aget(sid=CALL_SID)
        assert (found.rung_now, found.unreceived) == (pks(alice), [])


async def test_a_desk_at_which_it_does_not_ring_keeps_nobody_waiting(
    twilio: Poster, team: list[Any]
) -> None:
    alice, bob, _ = team
    async with socket_of(bob) as other, socket_of(alice) as cut:
        await other.subscribe()
        await cut.subscribe()
        cut.go_silent()
        await sync_to_async(twilio.voice)()
        await other.event("call.state")
        await other.no_event()
        await running_notes().written()
        await sync_to_async(its_time_passes)()
        assert (await other.event("call.state"))["data"]["ringing"] == pks(bob, alice)


async def test_supervisors_see_which_calls_it_is(
    caller: Caller, alice: Any, carol: Any, team: list[Any]
) -> None:
    group = await Group.objects.acreate(name=SUPERVISORS)
    await carol.groups.aadd(group)
    async with socket_of(carol) as socket, socket_of(alice) as other:
        subscribed = await socket.subscribe("supervisors")
        assert subscribed["snapshot"] == {"calls": []}
        await sync_to_async(its_time_passes)()
        event = await socket.event("call.unreceived")
        assert event["data"]["unreceived"] == pks(alice)
        with pytest.raises(RealtimeError, match="forbidden"):
            await other.subscribe("supervisors")
    async with socket_of(carol) as socket:
        subscribed = await socket.subscribe("supervisors")
        assert subscribed["snapshot"] == {"calls": [event["data"]]}


def socket_of(user: Any) -> RealtimeCommunicator:
    return RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user)

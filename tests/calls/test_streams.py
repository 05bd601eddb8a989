"""What agents' sockets get when they subscribe, and who may follow a call."""

import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connections

from calls.models import Call
from calls.states import State
from realtime.consumers import RealtimeConsumer
from realtime.testing import RealtimeCommunicator, RealtimeError
from tests.calls.twilio_webhooks import Poster

pytestmark = pytest.mark.django_db(transaction=True)


def socket_of(user: Any) -> RealtimeCommunicator:
    return RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user)


@pytest.fixture
def carol(agents: None) -> Any:
    return get_user_model().objects.create_user("carol")


@pytest.fixture
def over(agents: None) -> Call:
    new = {"direction": "inbound", "from_number": "+15550100124", "to_number": "+15550100000"}
    return Call.objects.record("CA8", State.COMPLETED, **new)


async def test_an_agent_begins_with_the_active_calls_as_the_list_has_them(
    alice: Any, ringing: Call, over: Call
) -> None:
    async with socket_of(alice) as socket:
        subscribed = await socket.subscribe()
    assert subscribed["snapshot"] == {"calls": [ringing.data()]}


async def test_a_user_who_is_no_agent_gets_no_calls(carol: Any, ringing: Call) -> None:
    async with socket_of(carol) as socket:
        assert "snapshot" not in await socket.subscribe()


async def test_agents_may_follow_a_call(alice: Any, ringing: Call, twilio: Poster) -> None:
    async with socket_of(alice) as socket:
        subscribed = await socket.subscribe(f"call.{ringing.pk}")
        assert subscribed["snapshot"] == ringing.data()
        await sync_to_async(twilio.leg)("bob", "in-progress", 2)
        event = await socket.event("call.state")
    assert (event["data"]["state"], event["data"]["answered_by"]["name"]) == ("in-progress", "bob")


async def test_agents_see_who_else_is_at_a_desk(alice: Any, bob: Any) -> None:
    async with socket_of(alice) as socket, socket_of(bob) as other:
        await socket.subscribe("desk")
        await socket.presence("desk", [alice])
        await other.subscribe("desk")
        await other.set_presence("desk", {"name": "the boss"})
        members = await socket.presence("desk", [alice, bob])
    assert [member["meta"] for member in members] == [
        {"name": "alice", "status": "available"},
        {"name": "bob", "status": "available"},
    ]


async def test_other_users_see_nobody(carol: Any) -> None:
    async with socket_of(carol) as socket:
        with pytest.raises(RealtimeError, match="forbidden"):
            await socket.subscribe("desk")


async def test_other_users_may_not_follow_a_call(carol: Any, ringing: Call) -> None:
    async with socket_of(carol) as socket:
        with pytest.raises(RealtimeError, match="forbidden"):
            await socket.subscribe(f"call.{ringing.pk}")


async def test_nobody_may_follow_what_is_no_call(alice: Any, ringing: Call) -> None:
    async with socket_of(alice) as socket:
        for key in [f"{ringing.pk}0", f"0{ringing.pk}", f"{ringing.pk}.", "x", "", "9" * 40]:
            with pytest.raises(RealtimeError, match="forbidden"):
                await socket.subscribe(f"call.{key}")


async def test_what_happens_after_the_page_was_made_is_replayed_to_it(
    desk: Any, alice: Any, ringing: Call, twilio: Poster
) -> None:
    context = (await sync_to_async(desk.get)("/")).context
    assert context["calls"] == [ringing.data()]
    await sync_to_async(twilio.leg)("bob", "in-progress", 2)
    async with socket_of(alice) as socket:
        after = context["position"]._asdict()
        subscribed = await socket.subscribe(f"user.{alice.pk}", after=after)
        assert subscribed["recovered"] is True
        event = await socket.event()
    assert (event["data"]["state"], event["replayed"]) == ("in-progress", True)


def test_a_thread_reads_while_another_one_writes(ringing: Call) -> None:
    """A database in memory, which threads share, would refuse to; see ``tests/conftest.py``."""
    found: list[str] = []

    def read() -> None:
        found.extend(Call.objects.values_list("sid", flat=True))
        connections.close_all()

    with Call.objects.change(ringing.pk) as call:
        call.held = True
        call.save()
        reader = threading.Thread(target=read)
        reader.start()
        reader.join()
    assert found == [ringing.sid]


def test_a_call_that_changes_while_the_page_is_made_is_replayed(
    desk: Any, ringing: Call, twilio: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calls import history

    read = history.active

    def slow_read(wanted: Any) -> list[Call]:
        calls = read(wanted)
        twilio.leg("bob", "in-progress", 2)
        return calls

    monkeypatch.setattr("calls.history.active", slow_read)
    context = desk.get("/").context
    assert context["calls"] == [ringing.data()]
    assert context["position"].offset == 1

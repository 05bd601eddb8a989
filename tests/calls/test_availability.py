"""Who could take a call now."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from calls.availability import Standing, available_agents, standings
from calls.models import AgentStatus, Call
from calls.states import State
from realtime.roster import Present
from realtime.roster.memory import MemoryPresence
from tests.calls.desks import sit_down
from tests.calls.twilio_webhooks import Poster


class AwayPresence(MemoryPresence):
    """A store of presence that doesn't answer."""

    def present(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        raise ConnectionError("The store is away.")


def names() -> list[str]:
    return [agent.user.username for agent in available_agents()]


def place(agent: Any) -> None:
    now = timezone.now()
    new = {"direction": "outbound", "state": State.QUEUED, "started_at": now, "changed_at": now}
    Call.objects.create(placed_by=agent, **new)


def test_who_has_a_desk_open_is_available(alice: Any, bob: Any) -> None:
    assert names() == []
    sit_down(bob)
    assert names() == ["bob"]
    sit_down(alice, bob)
    assert names() == ["alice", "bob"]


def test_only_agents_are(alice: Any, bob: Any) -> None:
    carol = get_user_model().objects.create_user("carol")
    bob.is_active = False
    bob.save()
    sit_down(alice, bob, carol)
    assert names() == ["alice"]


def test_who_is_away_is_not_available(alice: Any, bob: Any) -> None:
    sit_down(alice, bob)
    AgentStatus.objects.create(user=alice, status="away")
    assert names() == ["bob"]
    assert standings([alice, bob]) == {alice.pk: Standing.AWAY, bob.pk: Standing.AVAILABLE}


def test_a_call_that_rings_at_many_keeps_nobody_busy(ringing: Call) -> None:
    assert names() == ["alice", "bob"]


def test_who_talks_is_busy_until_the_call_is_over(
    alice: Any, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "in-progress", 2)
    assert (names(), standings([alice])) == (["bob"], {alice.pk: Standing.BUSY})
    twilio.status("completed", 0)
    assert names() == ["alice", "bob"]


def test_who_is_answering_is_busy_while_the_claim_holds(alice: Any, ringing: Call) -> None:
    Call.objects.claim(ringing.pk, alice)
    assert names() == ["bob"]
    Call.objects.filter(pk=ringing.pk).update(claimed_until=timezone.now())
    assert names() == ["alice", "bob"]


def test_who_is_offered_a_call_alone_is_not_available(
    alice: Any, bob: Any, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "in-progress", 2)
    Call.objects.filter(pk=ringing.pk).update(transfer_to=bob)
    assert names() == []
    assert standings([alice, bob]) == {alice.pk: Standing.BUSY, bob.pk: Standing.RINGING}


def test_who_is_placing_a_call_is_busy(alice: Any, bob: Any) -> None:
    sit_down(alice, bob)
    place(alice)
    assert names() == ["bob"]


def test_who_has_handed_a_call_over_is_free_when_she_has_left_it(
    alice: Any, bob: Any, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "in-progress", 2)
    twilio.leg("bob", "in-progress", 2)
    assert names() == []
    twilio.leg("alice", "completed", 3)
    assert names() == ["alice"]


def test_the_time_counts_since_the_last_talk_or_since_the_desk_was_opened(
    alice: Any, bob: Any
) -> None:
    sit_down(alice, bob)
    since = timezone.now() + timedelta(minutes=1)
    AgentStatus.objects.create(user=alice, idle_since=since)
    AgentStatus.objects.create(user=bob, idle_since=since - timedelta(days=1))
    first, second = available_agents()
    assert first.free_since == since
    assert since - timedelta(minutes=2) < second.free_since < since


@pytest.mark.parametrize(
    "presence", [False, {"BACKEND": "tests.calls.test_availability.AwayPresence"}]
)
def test_where_nobody_knows_who_is_there_all_count(
    alice: Any, bob: Any, settings: Any, presence: Any
) -> None:
    settings.REALTIME = {"PRESENCE": presence}
    AgentStatus.objects.create(user=alice, status="away")
    assert names() == ["bob"]


def test_it_takes_as_many_queries_for_many_agents(
    alice: Any, django_assert_num_queries: Any
) -> None:
    everybody = [alice]
    for number in range(200):
        user = get_user_model().objects.create(username=f"agent{number}")
        user.groups.set(alice.groups.all())
        everybody.append(user)
    sit_down(*everybody)
    with django_assert_num_queries(5):
        assert len(available_agents()) == 201

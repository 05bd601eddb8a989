"""What follows for agents from calls: since when they are idle, and what the desks show."""

from typing import Any

import pytest

from calls.models import AgentStatus, Call, Leg
from tests.calls.desks import shown
from tests.calls.twilio_webhooks import Poster

pytestmark = pytest.mark.django_db(transaction=True)


def statuses() -> dict[str, str]:
    return {meta["name"]: meta["status"] for meta in shown().values()}


def test_all_desks_show_who_is_busy_and_who_is_free_again(ringing: Call, twilio: Poster) -> None:
    assert statuses() == {"alice": "available", "bob": "available"}
    twilio.leg("alice", "in-progress", 2)
    assert statuses() == {"alice": "busy", "bob": "available"}
    twilio.status("completed", 0)
    assert statuses() == {"alice": "available", "bob": "available"}


def test_a_claim_makes_busy_while_it_holds(alice: Any, ringing: Call) -> None:
    Call.objects.claim(ringing.pk, alice, "hers")
    assert statuses() == {"alice": "busy", "bob": "available"}
    Call.objects.release(ringing.pk, "hers")
    assert statuses() == {"alice": "available", "bob": "available"}


def test_who_leaves_a_call_that_goes_on_is_free(ringing: Call, twilio: Poster) -> None:
    twilio.leg("alice", "in-progress", 2)
    twilio.leg("bob", "in-progress", 2)
    assert statuses() == {"alice": "busy", "bob": "busy"}
    twilio.leg("alice", "completed", 3)
    assert statuses() == {"alice": "available", "bob": "busy"}


def test_an_agent_is_idle_since_the_end_of_the_last_talk(
    alice: Any, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "in-progress", 2)
    assert not AgentStatus.objects.exists()
    twilio.leg("alice", "completed", 3)
    assert AgentStatus.objects.get().idle_since == Leg.objects.get(user=alice).ended_at
    assert AgentStatus.objects.get().user == alice


def test_the_end_of_the_call_counts_if_the_end_of_the_leg_was_lost(
    alice: Any, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "in-progress", 2)
    twilio.status("completed", 0)
    ringing.refresh_from_db()
    assert AgentStatus.objects.get(user=alice).idle_since == ringing.ended_at


def test_a_phone_that_only_rang_was_idle_all_the_time(ringing: Call, twilio: Poster) -> None:
    twilio.leg("bob", "no-answer", 2)
    assert not AgentStatus.objects.exists()


def test_without_presence_calls_go_on(
    alice: Any, ringing: Call, twilio: Poster, settings: Any
) -> None:
    settings.REALTIME = {"PRESENCE": False}
    twilio.leg("alice", "in-progress", 2)
    ringing.refresh_from_db()
    assert (ringing.state, ringing.answered_by) == ("in-progress", alice)


def test_a_store_of_presence_that_is_away_stops_no_call(
    alice: Any, ringing: Call, twilio: Poster, settings: Any
) -> None:
    settings.REALTIME = {"PRESENCE": {"BACKEND": "tests.calls.test_availability.AwayPresence"}}
    assert twilio.leg("alice", "in-progress", 2).status_code == 204
    ringing.refresh_from_db()
    assert ringing.answered_by == alice

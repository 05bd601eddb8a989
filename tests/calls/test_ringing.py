"""Rounds of ringing, as the phone company asks for them by its webhooks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from calls.models import AgentStatus, Call
from tests.calls.desks import sit_down
from tests.calls.twilio_webhooks import CALL_SID, Poster, event


def call() -> Call:
    return Call.objects.listed().get(sid=CALL_SID)


class Caller:
    """A caller at Twilio: carries out the TwiML that the site answers with."""

    def __init__(self, twilio: Poster) -> None:
        self._twilio = twilio
        self.document = ElementTree.Element("Response")

    def calls(self) -> "Caller":
        return self._take(self._twilio.voice())

    def hears(self) -> list[str]:
        """Return the usernames of the agents whose phones ring, or the verbs of something else."""
        clients = self.document.findall("Dial/Client/Identity")
        pks = [int(client.text.removeprefix("agent_")) for client in clients]
        users = get_user_model().objects.in_bulk(pks)
        return [users[pk].username for pk in pks] or [verb.tag for verb in self.document]

    def dial_ends(self, status: str = "no-answer", action: str = "", **fields: str) -> "Caller":
        """Let the ``<Dial>`` end, and ask its action, or that of an earlier one."""
        form = event("in-progress", DialCallStatus=status, **fields)
        return self._take(self._twilio.post(action or self.action(), form))

    def action(self) -> str:
        url = urlsplit(self.document.find("Dial").attrib["action"])
        return f"{url.path}?{url.query}"

    def moved_to(self, document: str) -> "Caller":
        self.document = ElementTree.fromstring(document)
        return self

    def _take(self, response: Any) -> "Caller":
        assert response.status_code == 200
        return self.moved_to(response.content)


@pytest.fixture
def caller(twilio: Poster) -> Caller:
    return Caller(twilio)


@pytest.fixture
def many(alice: Any) -> list[Any]:
    """Twenty-five agents at their desks, of whom the first has been idle longest."""
    now, users = timezone.now(), []
    for number in range(25):
        user = get_user_model().objects.create(username=f"agent{number}")
        user.groups.set(alice.groups.all())
        since = now + timedelta(minutes=number + 1)
        AgentStatus.objects.create(user=user, idle_since=since)
        users.append(user)
    sit_down(*users)
    return users


def named(*numbers: int) -> list[str]:
    return [f"agent{number}" for number in numbers]


def test_ten_ring_then_the_next_ten_then_the_rest_then_the_caller_leaves_a_message(
    caller: Caller, many: list[Any]
) -> None:
    assert caller.calls().hears() == named(*range(10))
    assert call().rung_now == [user.pk for user in many[:10]]
    assert caller.dial_ends().hears() == named(*range(10, 20))
    assert caller.dial_ends().hears() == named(*range(20, 25))
    assert call().rung == [user.pk for user in many]
    assert caller.dial_ends().hears() == ["Say", "Record"]
    assert (call().rung_now, call().voicemail, call().state) == ([], True, "ringing")


def test_who_declined_or_left_is_not_called_in_the_next_round(
    caller: Caller, many: list[Any]
) -> None:
    caller.calls()
    with Call.objects.change(call().pk) as changed:
        changed.declined = [many[10].pk]
    sit_down(*many[:12], *many[13:])
    assert caller.dial_ends().hears() == named(11, *range(13, 22))


def test_with_nobody_there_the_caller_leaves_a_message(caller: Caller, alice: Any) -> None:
    assert caller.calls().hears() == ["Say", "Record"]
    assert (call().rung, call().voicemail, call().data()["voicemail"]) == ([], True, True)


def test_an_agent_can_still_answer_a_caller_who_leaves_a_message(
    caller: Caller, alice: Any
) -> None:
    caller.calls()
    assert Call.objects.claim(call().pk, alice).claimant == alice


def test_the_first_webhook_again_has_the_same_answer(caller: Caller, many: list[Any]) -> None:
    first = caller.calls().hears()
    version = call().version
    assert caller.calls().hears() == first
    assert (call().version, len(call().rung)) == (version, 10)


def test_the_action_again_has_the_same_answer(caller: Caller, many: list[Any]) -> None:
    action = caller.calls().action()
    first = caller.dial_ends().hears()
    assert caller.dial_ends(action=action).hears() == first
    assert len(call().rung) == 20


def test_when_all_have_declined_the_next_are_called(
    caller: Caller, twilio: Poster, alice: Any, bob: Any
) -> None:
    sit_down(alice, bob)
    assert caller.calls().hears() == ["alice", "bob"]
    with Call.objects.change(call().pk) as changed:
        changed.declined, changed.rung_now = [alice.pk, bob.pk], []
    assert caller.dial_ends("canceled").hears() == ["Say", "Record"]
    twilio.status("completed", 0)
    assert call().outcome == "declined"


@pytest.mark.parametrize("status", ["canceled", "no-answer"])
def test_when_the_round_ends_the_phone_of_the_agent_who_pressed_answer_rings_alone(
    caller: Caller, alice: Any, bob: Any, status: str
) -> None:
    sit_down(alice, bob)
    caller.calls()
    before = Call.objects.claim(call().pk, alice, "hers").version
    assert caller.dial_ends(status).hears() == ["alice"]
    assert (call().claimant, call().version, call().voicemail) == (alice, before, False)
    assert caller.dial_ends("no-answer").hears() == ["alice", "bob"]
    assert call().claimant is None


@pytest.fixture
def moved(caller: Caller, alice: Any, bob: Any, settings: Any) -> Iterator[Caller]:
    """A caller who was moved to the phone of alice, who has pressed Answer."""
    from calls.telephony.twiml import ring

    sit_down(alice, bob)
    caller.calls()
    claimed = Call.objects.claim(call().pk, alice, "hers")
    yield caller.moved_to(ring(claimed, [alice], "http://testserver"))


def test_a_phone_that_does_not_accept_gives_the_caller_back(
    moved: Caller, alice: Any, bob: Any
) -> None:
    assert moved.dial_ends("no-answer").hears() == ["alice", "bob"]
    assert (call().claimant, call().rung_now) == (None, [alice.pk, bob.pk])
    assert moved.dial_ends("no-answer").hears() == ["Say", "Record"]


def test_it_does_so_although_the_claim_has_run_out(moved: Caller, alice: Any) -> None:
    Call.objects.filter(pk=call().pk).update(claimed_until=timezone.now())
    assert moved.dial_ends("no-answer").hears() == ["alice", "bob"]


def test_who_declined_meanwhile_is_not_called_again(moved: Caller, bob: Any) -> None:
    with Call.objects.change(call().pk) as changed:
        changed.declined = [bob.pk]
    assert moved.dial_ends("no-answer").hears() == ["alice"]


def test_the_end_of_the_talk_is_the_end_of_the_call(moved: Caller, twilio: Poster) -> None:
    twilio.leg("alice", "in-progress", 2)
    assert moved.dial_ends("completed").hears() == []


def test_a_caller_who_is_gone_is_not_looked_after(caller: Caller, many: list[Any]) -> None:
    caller.calls()
    assert caller.dial_ends("canceled", CallStatus="completed").hears() == []
    assert len(call().rung) == 10


def test_a_customer_who_does_not_answer_is_not_our_caller(caller: Caller, many: list[Any]) -> None:
    now = timezone.now()
    placed = Call.objects.create(
        sid=CALL_SID,
        direction="outbound",
        state="ringing",
        placed_by=many[0],
        started_at=now,
        changed_at=now,
    )
    action = f"/calls/twilio/dialled/?call={placed.pk}"
    assert caller.dial_ends("busy", action=action).hears() == []
    assert call().rung == []


def test_the_cost_does_not_follow_the_number_of_agents(
    caller: Caller, many: list[Any], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(60) as captured:
        caller.calls()
    few = len(captured)
    for number in range(100):
        user = get_user_model().objects.create(username=f"more{number}")
        user.groups.set(many[0].groups.all())
    sit_down(*get_user_model().objects.all())
    Call.objects.all().delete()
    with django_assert_max_num_queries(few):
        caller.calls()

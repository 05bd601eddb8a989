"""Holding a call, and handing it over to another agent."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from calls.agents import phone
from calls.models import Action, Call
from calls.states import State
from calls.telephony import OutcomeUnknown, Refused, Report
from calls.views.once import ABANDONED
from tests.calls.desks import sit_down
from tests.calls.twilio_webhooks import CALL_SID, Poster
from tests.calls.views.conftest import Company


@pytest.fixture
def talk(ringing: Call, twilio: Poster) -> Call:
    """A call that alice has, while bob is at his desk."""
    twilio.leg("alice", "in-progress", 2)
    return Call.objects.listed().get(pk=ringing.pk)


def current(call: Call) -> Call:
    return Call.objects.listed().get(pk=call.pk)


def hold(desk: Client, call: Call, on: str = "1") -> Any:
    return desk.post(f"/calls/{call.pk}/hold/", {"on": on})


def transfer(desk: Client, call: Call, to: Any) -> Any:
    return desk.post(f"/calls/{call.pk}/transfer/", {"to": to})


def test_holding_and_taking_back(desk: Client, talk: Call, company: Company) -> None:
    response = hold(desk, talk)
    assert (response.status_code, response.json()) == (202, {"call": current(talk).data()})
    assert current(talk).held
    assert hold(desk, talk, "0").status_code == 202
    assert not current(talk).held
    assert company.requests == [("hold", CALL_SID, True), ("hold", CALL_SID, False)]


def test_of_two_changes_the_company_does_the_second_after_the_first(
    desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    refusals: list[Any] = []

    def meanwhile() -> None:
        company.meanwhile = lambda: None
        fields = {"to": bob.pk, "token": "22222222-2222-4222-8222-222222222222"}
        refusals.append(desk.post(f"/calls/{talk.pk}/transfer/", fields))

    company.meanwhile = meanwhile
    fields = {"on": "1", "token": "11111111-1111-4111-8111-111111111111"}
    assert desk.post(f"/calls/{talk.pk}/hold/", fields).status_code == 202
    assert [refusal.status_code for refusal in refusals] == [409]
    assert current(talk).transfer_to is None and company.requests == [("hold", CALL_SID, True)]
    assert transfer(desk, talk, bob.pk).status_code == 202


def test_a_change_that_was_broken_off_waits_when_it_comes_again(
    desk: Client, alice: Any, bob: Any, talk: Call, company: Company
) -> None:
    path, token = f"/calls/{talk.pk}/hold/", "11111111-1111-4111-8111-111111111111"
    Action.objects.create(agent=alice, token=token, path=path)
    Action.objects.update(created_at=timezone.now() - ABANDONED - timedelta(seconds=1))
    again: list[int] = []

    def meanwhile() -> None:
        company.meanwhile = lambda: None
        again.append(desk.post(path, {"on": "1", "token": token}).status_code)

    company.meanwhile = meanwhile
    fields = {"to": bob.pk, "token": "22222222-2222-4222-8222-222222222222"}
    assert desk.post(f"/calls/{talk.pk}/transfer/", fields).status_code == 202
    assert again == [409] and not current(talk).held


def test_the_webhook_that_comes_while_the_call_is_held_finds_a_conference(
    desk: Client, talk: Call, company: Company
) -> None:
    found: list[tuple[bool, bool]] = []
    company.meanwhile = lambda: found.append((current(talk).held, current(talk).conference))
    hold(desk, talk)
    assert found == [(True, True)]


def test_what_was_refused_leaves_the_call_as_it_was(
    desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    company.failure = Refused("No.")
    before = current(talk).data()
    for response in [hold(desk, talk), transfer(desk, talk, bob.pk)]:
        assert (response.status_code, response.json()) == (502, {"error": "No."})
    now = current(talk)
    assert not now.conference
    assert {**now.data(), "version": 0, "at": 0} == {**before, "version": 0, "at": 0}


def test_what_may_have_been_done_is_not_forgotten(
    desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    company.failure = OutcomeUnknown("Twilio didn't answer.")
    assert hold(desk, talk).status_code == 502
    assert transfer(desk, talk, bob.pk).status_code == 502
    now = current(talk)
    assert (now.held, now.transfer_to, now.rung_now, now.conference) == (True, bob, [bob.pk], True)


def test_handing_over_rings_at_the_other_agent_alone(
    desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    response = transfer(desk, talk, bob.pk)
    assert (response.status_code, response.json()) == (202, {"call": current(talk).data()})
    shown = response.json()["call"]
    assert (shown["transfer_to"], shown["ringing"]) == ({"id": bob.pk, "name": "bob"}, [bob.pk])
    assert shown["answered_by"]["name"] == "alice"
    assert company.requests == [("transfer", CALL_SID, "bob")]


def test_the_other_agent_answers_and_has_the_call(
    desk: Client, bobs_desk: Client, bob: Any, talk: Call, twilio: Poster, company: Company
) -> None:
    transfer(desk, talk, bob.pk)
    assert bobs_desk.post(f"/calls/{talk.pk}/answer/", {"phone": "ringing"}).status_code == 202
    twilio.leg("bob", "in-progress", 2)
    assert (current(talk).answered_by, current(talk).transfer_to) == (bob, None)


def test_a_phone_that_does_not_ring_is_rung_again(
    desk: Client, bobs_desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    transfer(desk, talk, bob.pk)
    company.reports[CALL_SID] = Report(sid=CALL_SID, state=State.IN_PROGRESS, direction="inbound")
    assert bobs_desk.post(f"/calls/{talk.pk}/answer/").status_code == 202
    assert company.requests[-2:] == [("fetch", CALL_SID), ("transfer", CALL_SID, "bob")]


def test_a_phone_that_was_picked_up_is_not_rung_again(
    desk: Client, bobs_desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    transfer(desk, talk, bob.pk)
    his = Report(sid="CA3", state=State.IN_PROGRESS, to_number=phone(bob))
    company.reports[CALL_SID] = Report(sid=CALL_SID, state=State.IN_PROGRESS, legs=(his,))
    assert bobs_desk.post(f"/calls/{talk.pk}/answer/").status_code == 202
    assert company.requests[-1] == ("fetch", CALL_SID)
    due = current(talk).check_at
    assert due is not None and due <= timezone.now()


def test_who_was_held_hears_the_other_phone_ring(
    desk: Client, bob: Any, talk: Call, twilio: Poster, company: Company
) -> None:
    hold(desk, talk)
    transfer(desk, talk, bob.pk)
    assert current(talk).held
    twilio.leg("bob", "ringing", 1)
    assert not current(talk).held
    twilio.leg("bob", "in-progress", 2)
    assert (current(talk).answered_by, current(talk).held) == (bob, False)


def test_the_other_agent_may_decline(
    desk: Client, bobs_desk: Client, alice: Any, bob: Any, talk: Call, company: Company
) -> None:
    transfer(desk, talk, bob.pk)
    company.failure = Refused("No.")
    assert bobs_desk.post(f"/calls/{talk.pk}/decline/").status_code == 202
    now = current(talk)
    assert (now.transfer_to, now.rung_now, now.answered_by) == (None, [], alice)


def test_one_transfer_after_the_other(desk: Client, bob: Any, talk: Call, company: Company) -> None:
    transfer(desk, talk, bob.pk)
    response = transfer(desk, talk, bob.pk)
    assert (response.status_code, len(company.requests)) == (409, 1)


def test_only_an_available_agent_gets_a_call(
    desk: Client, alice: Any, bob: Any, talk: Call, company: Company
) -> None:
    sit_down(alice)
    carol = get_user_model().objects.create_user("carol")
    expected = {bob.pk: "bob isn't", alice.pk: "alice isn't", carol.pk: "This agent isn't"}
    for pk, words in expected.items():
        response = transfer(desk, talk, pk)
        assert (response.status_code, words in response.json()["error"]) == (409, True)
    assert not company.requests


@pytest.mark.parametrize("to", ["", "bob", "-1", "1" * 30, "\u0661"])
def test_an_agent_who_can_not_be(desk: Client, talk: Call, company: Company, to: str) -> None:
    assert transfer(desk, talk, to).status_code == 400


@pytest.mark.parametrize("on", ["", "yes", "2"])
def test_hold_is_on_or_off(desk: Client, talk: Call, company: Company, on: str) -> None:
    assert hold(desk, talk, on).status_code == 400
    assert not company.requests


def test_only_who_talks_may_hold_and_hand_over(
    bobs_desk: Client, bob: Any, talk: Call, company: Company
) -> None:
    for response in [hold(bobs_desk, talk), transfer(bobs_desk, talk, bob.pk)]:
        assert (response.status_code, response.json()) == (409, {"error": "alice has this call."})


def test_what_only_rings_can_not_be_held(
    desk: Client, bob: Any, ringing: Call, company: Company
) -> None:
    for response in [hold(desk, ringing), transfer(desk, ringing, bob.pk)]:
        assert response.status_code == 409
    assert not company.requests

"""Answering, declining and rejecting a call that rings."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from calls.agents import phone
from calls.models import Call
from calls.reconciliation.due import overdue
from calls.states import State
from calls.telephony import (
    CallOver,
    CallTaken,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    Refused,
    Report,
)
from tests.calls.twilio_webhooks import CALL_SID, Poster, leg_sid
from tests.calls.views.conftest import Broken, Company

OVER = {"error": "This call is over."}
FAILURES = [
    Refused("No."),
    CallOver("Twilio says that this call is over."),
    CallTaken("bob has this call."),
    NoSuchCall("Twilio doesn't know this call."),
    OutcomeUnknown("Twilio didn't answer."),
    NotAsked("It could not be asked."),
    Broken("No."),
]
of_each_failure = pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)


def current(call: Call) -> Call:
    return Call.objects.listed().get(pk=call.pk)


def test_answering(desk: Client, alice: Any, ringing: Call, company: Company) -> None:
    response = desk.post(f"/calls/{ringing.pk}/answer/")
    assert response.status_code == 202
    assert response.json() == {"call": current(ringing).data()}
    assert response.json()["call"]["claimed_by"] == {"id": alice.pk, "name": "alice"}
    assert company.requests == [("answer", CALL_SID, "alice")]


def test_a_phone_that_rings_in_the_page_is_accepted_there(
    desk: Client, ringing: Call, company: Company
) -> None:
    response = desk.post(f"/calls/{ringing.pk}/answer/", {"phone": "ringing"})
    assert response.status_code == 202
    assert response.json()["call"]["claimed_by"]["name"] == "alice"
    assert not company.requests


@pytest.mark.parametrize("fields", [{}, {"phone": "ringing"}])
def test_of_two_who_answer_one_is_refused(
    desk: Client, bobs_desk: Client, ringing: Call, company: Company, fields: dict[str, str]
) -> None:
    desk.post(f"/calls/{ringing.pk}/answer/")
    response = bobs_desk.post(f"/calls/{ringing.pk}/answer/", fields)
    assert (response.status_code, response.json()) == (409, {"error": "alice has this call."})
    assert bobs_desk.post(f"/calls/{ringing.pk}/hangup/").status_code == 409
    assert company.requests == [("answer", CALL_SID, "alice")]


@of_each_failure
def test_an_answer_that_failed_leaves_the_call_to_others(
    desk: Client,
    bobs_desk: Client,
    alice: Any,
    ringing: Call,
    company: Company,
    failure: Exception,
) -> None:
    company.failure = failure
    response = desk.post(f"/calls/{ringing.pk}/answer/")
    conflict = isinstance(failure, CallOver | CallTaken)
    assert response.status_code == (409 if conflict else 502)
    assert response.json() == {"error": str(failure)}
    company.failure = None
    if type(failure) is OutcomeUnknown:  # Her phone may ring, and she may press again.
        assert current(ringing).claimant == alice
        assert desk.post(f"/calls/{ringing.pk}/answer/", {"phone": "ringing"}).status_code == 202
        return
    assert current(ringing).claimant is None
    assert bobs_desk.post(f"/calls/{ringing.pk}/answer/").status_code == 202


def test_a_claim_in_doubt_lasts_a_few_seconds(
    desk: Client, ringing: Call, company: Company
) -> None:
    company.failure = OutcomeUnknown("Twilio didn't answer.")
    desk.post(f"/calls/{ringing.pk}/answer/")
    assert current(ringing).claim_ends_by(timezone.now() + timedelta(seconds=8))
    assert not current(ringing).claim_ends_by(timezone.now() + timedelta(seconds=5))


def test_a_fault_of_ours_leaves_no_claim_either(
    desk: Client, ringing: Call, company: Company
) -> None:
    company.failure = RuntimeError("a fault")
    with pytest.raises(RuntimeError):
        desk.post(f"/calls/{ringing.pk}/answer/")
    assert current(ringing).claimant is None


@of_each_failure
@pytest.mark.parametrize("action", ["answer", "hangup"])
def test_what_is_doubtful_is_asked_for(
    desk: Client, ringing: Call, company: Company, failure: Exception, action: str
) -> None:
    company.failure = failure
    desk.post(f"/calls/{ringing.pk}/{action}/")
    soon = overdue(timezone.now() + timedelta(seconds=1)).filter(pk=ringing.pk).exists()
    assert soon == isinstance(
        failure, CallOver | CallTaken | NoSuchCall | NotAsked | OutcomeUnknown
    )


def test_a_second_tab_that_fails_does_not_release_the_claim_of_the_first(
    desk: Client, ringing: Call, company: Company
) -> None:
    desk.post(f"/calls/{ringing.pk}/answer/", {"token": uuid4()})
    company.failure = Refused("No.")
    assert desk.post(f"/calls/{ringing.pk}/answer/", {"token": uuid4()}).status_code == 409
    assert current(ringing).claimant is not None


def test_declining_stops_the_ringing_at_one_agent(
    desk: Client, alice: Any, bob: Any, ringing: Call, twilio: Poster, company: Company
) -> None:
    for username in ("alice", "bob"):
        twilio.leg(username, "ringing", 1)
    response = desk.post(f"/calls/{ringing.pk}/decline/")
    assert response.status_code == 202
    assert response.json() == {"call": current(ringing).data()}
    shown = response.json()["call"]
    assert (shown["ringing"], shown["declined"]) == ([bob.pk], [alice.pk])
    assert shown["state"] == "ringing"
    assert company.requests == [("cancel leg", leg_sid("alice"))]


def test_a_phone_whose_leg_is_not_known_is_asked_for(
    desk: Client, alice: Any, bob: Any, ringing: Call, company: Company
) -> None:
    legs = [
        Report(sid=f"CA{user.pk}", parent=CALL_SID, state=State.RINGING, to_number=phone(user))
        for user in (alice, bob)
    ]
    company.reports[CALL_SID] = Report(
        sid=CALL_SID, state=State.IN_PROGRESS, legs=tuple(legs), to_number="+15550100000"
    )
    assert desk.post(f"/calls/{ringing.pk}/decline/").status_code == 202
    assert company.requests == [("fetch", CALL_SID), ("cancel leg", f"CA{alice.pk}")]


@of_each_failure
def test_declining_holds_although_the_company_is_away(
    desk: Client, alice: Any, ringing: Call, company: Company, failure: Exception
) -> None:
    company.failure = failure
    response = desk.post(f"/calls/{ringing.pk}/decline/")
    assert response.status_code == (409 if isinstance(failure, CallTaken) else 202)
    assert current(ringing).declined == [alice.pk]


def test_who_declines_what_her_phone_has_picked_up_gets_to_know_it(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("alice", "ringing", 1)
    company.failure = CallTaken("This phone has the call already.")
    response = desk.post(f"/calls/{ringing.pk}/decline/")
    assert response.json() == {"error": "This phone has the call already."}
    assert overdue(timezone.now() + timedelta(seconds=1)).filter(pk=ringing.pk).exists()


def test_declining_twice_is_declining_once(
    desk: Client, alice: Any, ringing: Call, company: Company
) -> None:
    company.failure = Refused("No.")
    desk.post(f"/calls/{ringing.pk}/decline/")
    version = current(ringing).version
    assert desk.post(f"/calls/{ringing.pk}/decline/").status_code == 202
    assert (current(ringing).declined, current(ringing).version) == ([alice.pk], version)


def test_who_is_answering_can_not_decline(desk: Client, ringing: Call, company: Company) -> None:
    desk.post(f"/calls/{ringing.pk}/answer/")
    assert desk.post(f"/calls/{ringing.pk}/decline/").status_code == 409
    assert current(ringing).claimant is not None


def test_what_does_not_ring_can_not_be_declined(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("bob", "in-progress", 2)
    assert desk.post(f"/calls/{ringing.pk}/decline/").status_code == 409
    twilio.status("completed", 0)
    response = desk.post(f"/calls/{ringing.pk}/decline/")
    assert (response.status_code, response.json()) == (409, OVER)


def test_rejecting_is_for_all(
    desk: Client, alice: Any, ringing: Call, twilio: Poster, company: Company
) -> None:
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert (response.status_code, response.json()) == (202, {"call": current(ringing).data()})
    assert response.json()["call"]["rejected_by"] == {"id": alice.pk, "name": "alice"}
    assert company.requests == [("hang up", CALL_SID)]
    twilio.status("completed", 0)
    assert (current(ringing).outcome, current(ringing).rejected_by) == ("declined", alice)


@of_each_failure
def test_a_call_that_could_not_be_rejected_is_not_shown_as_rejected(
    desk: Client, ringing: Call, company: Company, failure: Exception
) -> None:
    company.failure = failure
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert response.json() == {"error": str(failure)}
    rejected = current(ringing).rejected_by is not None
    assert rejected == (type(failure) is OutcomeUnknown)


def test_hanging_up_a_talk_is_no_rejection(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("alice", "in-progress", 2)
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert (response.status_code, response.json()["call"]["rejected_by"]) == (202, None)
    assert company.requests == [("hang up", CALL_SID)]


def test_a_call_that_is_over_can_neither_be_answered_nor_hung_up(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.status("completed", 0)
    for action in ["answer", "hangup"]:
        response = desk.post(f"/calls/{ringing.pk}/{action}/")
        assert (response.status_code, response.json()) == (409, OVER)
    assert not company.requests


def test_another_agents_call_is_not_hung_up(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("bob", "in-progress", 2)
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert (response.status_code, response.json()) == (409, {"error": "bob has this call."})

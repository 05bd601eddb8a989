"""What is asked for of a call that is over, because something about it may have been lost."""

from typing import Any

import pytest

from calls.models import Call, Message
from calls.reconciliation import sweep
from calls.states import State
from calls.telephony import OutcomeUnknown, VoiceMessage
from tests.calls.reconciliation.company import Company, own_leg, phone
from tests.calls.reconciliation.conftest import INBOUND, after

URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


def stored(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


@pytest.fixture
def over(alice: Any, bob: Any) -> Call:
    """A call that rang at two phones, of which only the caller's end was reported."""
    Call.objects.record("CA1", State.RINGING, **INBOUND, rung=[alice.pk, bob.pk])
    return Call.objects.record("CA1", State.COMPLETED, duration=25)


@pytest.fixture
def left(db: None) -> Call:
    """A call whose caller was to leave a message, and which is over."""
    Call.objects.record("CA1", State.RINGING, **INBOUND, voicemail=True)
    return Call.objects.record("CA1", State.COMPLETED)


def test_a_talk_of_which_nothing_was_reported_is_found(
    over: Call, company: Company, bob: Any
) -> None:
    talk = phone(bob, State.COMPLETED, duration=5)
    company.answers["CA1"] = own_leg(over, State.COMPLETED, talk)
    sweep(after(over, 9))
    assert (company.asked, stored(over).outcome) == ([], "missed")
    for seconds in (10, 60, 600):
        sweep(after(over, seconds))
    found = stored(over)
    assert (found.outcome, found.answered_by, found.check_at) == ("answered", bob, None)
    assert company.asked == ["CA1"]


def test_a_talk_whose_end_alone_was_lost_is_asked_for(
    over: Call, company: Company, bob: Any
) -> None:
    Call.objects.record("CA3", State.RINGING, **INBOUND)
    Call.objects.record("CA-phone", State.RINGING, parent="CA3", agent=bob)
    ended = Call.objects.record("CA3", State.COMPLETED)
    talk = phone(bob, State.COMPLETED, duration=5)
    company.answers["CA3"] = own_leg(ended, State.COMPLETED, talk)
    sweep(after(ended, 10))
    assert stored(ended).outcome == "answered"


def test_one_that_nobody_took_is_asked_for_once(over: Call, company: Company) -> None:
    company.answers["CA1"] = own_leg(over, State.COMPLETED)
    for seconds in (10, 20, 600):
        sweep(after(over, seconds))
    assert (company.asked, stored(over).version) == (["CA1"], over.version)


def test_ends_that_come_late_leave_nothing_to_ask_for(
    over: Call, company: Company, alice: Any, bob: Any
) -> None:
    for agent in (alice, bob):
        Call.objects.record(f"CA-{agent}", State.CANCELED, parent="CA1", agent=agent)
    assert stored(over).check_at is None


def test_a_company_that_is_away_is_asked_again_and_the_end_stays_certain(
    over: Call, company: Company, bob: Any
) -> None:
    company.away = OutcomeUnknown("The company didn't answer.")
    sweep(after(over, 10))
    sweep(after(over, 60))
    assert stored(over).certain
    company.away = None
    talk = phone(bob, State.COMPLETED, duration=5)
    company.answers["CA1"] = own_leg(over, State.COMPLETED, talk)
    sweep(after(over, 70))
    assert stored(over).answered_by == bob


@pytest.mark.parametrize("seconds", [4, None])
def test_a_message_of_which_nothing_was_reported_is_found(
    left: Call, company: Company, seconds: int | None
) -> None:
    company.answers["CA1"] = own_leg(left, State.COMPLETED)
    company.recorded = [VoiceMessage("RE1", URL, seconds)]
    sweep(after(left, 10))
    message = Message.objects.get()
    assert (message.call, message.recording, message.url) == (left, "RE1", URL)
    assert stored(left).data()["message"] == {"seconds": seconds}
    assert company.asked == ["CA1", "messages of CA1"]
    sweep(after(left, 600))
    assert len(company.asked) == 2


@pytest.mark.parametrize("recorded", [[], [VoiceMessage("RE1", URL, 0)]])
def test_a_caller_who_said_nothing_is_asked_for_once(
    left: Call, company: Company, recorded: list[VoiceMessage]
) -> None:
    company.answers["CA1"] = own_leg(left, State.COMPLETED)
    company.recorded = recorded
    for seconds in (10, 20, 600):
        sweep(after(left, seconds))
    assert not Message.objects.exists()
    assert company.asked == ["CA1", "messages of CA1"]

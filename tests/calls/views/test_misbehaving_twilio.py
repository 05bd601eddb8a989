"""Whatever Twilio answers an agent's request: the agent gets a sentence, and no claim stays.

Which error comes of each answer is seen in test_twilio_answers.py, for all that can be asked. Views
know only the errors, so each request is made with one answer for each of those.
"""

from typing import Any

import pytest
import requests
from django.test import Client

from calls.agents import phone
from calls.models import Call
from calls.telephony import rest
from tests.calls.test_twilio_answers import MAKES_NO_SENSE, MAY_BE_DONE, NOT_DONE
from tests.calls.twilio_api import Answer, TwilioApi
from tests.calls.twilio_webhooks import CALL_SID, Poster

ANSWERS = NOT_DONE | MAY_BE_DONE | MAKES_NO_SENSE
ONE_FOR_EACH_ERROR = [
    "a call that is over",
    "an unknown resource",
    "a refusal",
    "a refusal that is no JSON",
    "a failure",
    "null",
    "no answer",
    "silence",
    "no fields",
    "a status of another type",
]
of_each_error = pytest.mark.parametrize(
    "answer", [ANSWERS[name] for name in ONE_FOR_EACH_ERROR], ids=ONE_FOR_EACH_ERROR
)


@pytest.fixture(autouse=True)
def impatient(api: TwilioApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that will not come is not waited for; others have the time that they need."""
    request = requests.request

    def request_impatiently(*args: Any, **options: Any) -> requests.Response:
        answer = api.faults.get(len(api.asked))
        timeout = 0.02 if answer and answer.silent else rest.TIMEOUT
        return request(*args, **{**options, "timeout": timeout})

    monkeypatch.setattr(requests, "request", request_impatiently)


def refused(response: Any) -> bool:
    """Whether a request failed as expected, with a sentence for the agent."""
    sentence = response.json().get("error", "")
    return response.status_code in (409, 502) and sentence[:1].isupper() and sentence[-1:] == "."


@of_each_error
def test_a_call_that_rings(
    api: TwilioApi, desk: Client, ringing: Call, alice: Any, answer: Answer
) -> None:
    api.call(CALL_SID, "in-progress")
    for verb in ("answer", "hangup"):
        api.asked.clear()
        api.faults = dict.fromkeys(range(9), answer)
        response = desk.post(f"/calls/{ringing.pk}/{verb}/")
        assert refused(response), (verb, response.status_code, response.text)
        call = Call.objects.get(pk=ringing.pk)
        assert (call.claimed_by, call.state) == (None, "ringing")
    assert call.rejected_by is None  # Twilio was to say first who has the call.
    # An agent who doesn't want it doesn't wait for Twilio.
    assert desk.post(f"/calls/{ringing.pk}/decline/").status_code == 202


@of_each_error
def test_a_call_that_rings_and_of_which_twilio_says_who_has_it(
    api: TwilioApi, desk: Client, ringing: Call, alice: Any, answer: Answer
) -> None:
    api.call(CALL_SID, "in-progress")
    api.faults = {2: answer}
    desk.post(f"/calls/{ringing.pk}/answer/")
    # Whether her phone rings isn't known if Twilio doesn't say.
    claimed = Call.objects.get(pk=ringing.pk).claimed_by
    assert (claimed is None) == (answer in NOT_DONE.values())


@of_each_error
def test_a_call_in_progress(
    api: TwilioApi,
    desk: Client,
    twilio: Poster,
    ringing: Call,
    alice: Any,
    bob: Any,
    answer: Answer,
) -> None:
    twilio.leg("alice", "in-progress", 2)
    api.call(CALL_SID, "in-progress")
    api.call("CA2", "in-progress", parent=CALL_SID, to=phone(alice))
    for verb, fields in [("hold", {"on": "1"}), ("transfer", {"to": bob.pk}), ("hangup", {})]:
        api.asked.clear()
        api.faults = dict.fromkeys(range(9), answer)
        response = desk.post(f"/calls/{ringing.pk}/{verb}/", fields)
        # Hanging up takes any object as a yes.
        if verb == "hangup" and answer in MAKES_NO_SENSE.values():
            assert response.status_code == 202
        else:
            assert refused(response), (verb, response.status_code, response.text)
        call = Call.objects.get(pk=ringing.pk)
        assert (call.held, call.transfer_to, call.state) == (False, None, "in-progress")


@of_each_error
def test_placing_a_call(api: TwilioApi, desk: Client, alice: Any, answer: Answer) -> None:
    api.faults = dict.fromkeys(range(9), answer)
    response = desk.post("/calls/", {"to": "+1 415 555 0199"})
    assert response.status_code in (202, 409, 502), response.text
    # What may have been placed is kept, to be asked for; what wasn't is over.
    for call in Call.objects.all():
        assert (call.state == "failed") == (answer in NOT_DONE.values())

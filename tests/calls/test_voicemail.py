"""Voice messages, as the phone company reports them."""

from typing import Any

import pytest

from calls.models import Call, Message
from tests.calls.twilio_webhooks import CALL_SID, Poster, event

URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
ACTION = {"RecordingUrl": URL, "RecordingDuration": "4", "Digits": "hangup"}
REPORT = {"RecordingSid": "RE1", "RecordingUrl": URL, "RecordingDuration": "4"}


@pytest.fixture
def waiting(twilio: Poster, alice: Any) -> Call:
    """A caller who leaves a message, because nobody is there."""
    twilio.voice()
    return Call.objects.get(sid=CALL_SID)


def recorded(twilio: Poster, **fields: str) -> Any:
    form = event("in-progress", **fields)
    del form["CallbackSource"]
    return twilio.post("/calls/twilio/recorded/", form)


@pytest.mark.parametrize("reports", [(ACTION, REPORT), (REPORT, ACTION), (ACTION, ACTION, REPORT)])
def test_a_message_is_kept_once_whichever_report_comes_first(
    twilio: Poster, waiting: Call, reports: tuple[dict[str, str], ...]
) -> None:
    for fields in reports:
        response = recorded(twilio, **fields)
        assert response.status_code == 200
        assert b"<Hangup" in response.content
    message = Message.objects.get()
    assert (message.call, message.recording) == (waiting, "RE1")
    assert (message.url, message.seconds) == (URL, 4)


@pytest.mark.django_db(transaction=True)
def test_all_desks_get_to_know_it(
    twilio: Poster, waiting: Call, alice: Any, published: Any
) -> None:
    recorded(twilio, **REPORT)
    waiting.refresh_from_db()
    assert waiting.data()["message"] == {"seconds": 4}
    events = [event for event in published if event.name == "call.state"]
    assert events[-1].data["message"] == {"seconds": 4}


def test_the_length_may_come_later(twilio: Poster, waiting: Call) -> None:
    recorded(twilio, RecordingUrl=URL)
    recorded(twilio, **REPORT)
    assert Message.objects.get().seconds == 4


def test_a_caller_who_says_nothing_leaves_no_message(twilio: Poster, waiting: Call) -> None:
    assert recorded(twilio, **{**ACTION, "RecordingDuration": "0"}).status_code == 200
    assert recorded(twilio, RecordingStatus="absent").status_code == 200
    assert not Message.objects.exists()


def test_a_message_of_a_call_that_is_over_is_kept(twilio: Poster, waiting: Call) -> None:
    twilio.status("completed", 0)
    recorded(twilio, **REPORT)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.outcome) == ("completed", "nobody-there")
    assert Message.objects.get().call == waiting


def test_a_message_of_an_unknown_call_is_nobodys(twilio: Poster, waiting: Call) -> None:
    assert recorded(twilio, **{**REPORT, "CallSid": "CA77"}).status_code == 200
    assert not Message.objects.exists()

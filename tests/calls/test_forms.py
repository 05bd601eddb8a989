"""What is needed of a webhook, and that nothing else refuses it."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.test import RequestFactory

from calls.forms import MAX_INTEGER, RecordedForm, WebhookForm
from calls.states import Direction, State
from tests.calls.twilio_webhooks import CALL_SID, event


def form(query: str = "", **fields: str) -> WebhookForm:
    request = RequestFactory().post(f"/calls/twilio/status/{query}", event("ringing", 0) | fields)
    return WebhookForm.of(request)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"CallSid": ""}, "CallSid: It is missing."),
        ({"CallSid": "CA" * 40}, "CallSid"),
        ({"CallSid": "CA\0"}, "CallSid"),
        ({"CallStatus": ""}, "CallStatus: It is missing."),
        ({"CallStatus": "napping"}, "CallStatus: No call has the state napping."),
    ],
)
def test_only_the_sid_and_the_state_can_refuse(fields: dict[str, str], words: str) -> None:
    assert not (refused := form(**fields)).is_valid()
    assert words in refused.complaint()


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        *[("SequenceNumber", bad, None) for bad in ("first", "-1", str(MAX_INTEGER + 1), "1.5")],
        *[("CallDuration", bad, None) for bad in ("long", "-1", "9" * 5000)],
        *[("Timestamp", bad, None) for bad in ("yesterday", "2026-11-26T12:00:00Z", "\0")],
        ("Timestamp", "Thu, 26 Nov 2026 12:00:00 -0000", None),
        ("Timestamp", "Thu, 99 Nov 2026 12:00:00 +0000", None),
        ("From", "+" * 400, ""),
        ("To", "+1555\0", ""),
        ("DialCallSid", "CA" * 40, ""),
        ("DialCallStatus", "x" * 99, ""),
    ],
)
def test_what_is_optional_and_malformed_is_dropped_and_logged(
    name: str, value: str, instead: Any, caplog: pytest.LogCaptureFixture
) -> None:
    taken = form(**{name: value})
    assert taken.is_valid(), taken.errors
    assert taken.cleaned_data[name] == instead
    assert taken.cleaned_data["CallStatus"] == State.RINGING
    assert f"webhook parameter dropped parameter={name} " in caplog.text


def test_what_is_optional_may_be_missing(caplog: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().post("/", {"CallSid": CALL_SID, "CallStatus": "busy"})
    taken = WebhookForm.of(request)
    assert taken.is_valid()
    assert taken.new_call()["direction"] == Direction.INBOUND
    assert not caplog.records


def test_two_that_are_malformed_are_both_dropped() -> None:
    taken = form(SequenceNumber="x", CallDuration="x", Timestamp="x")
    assert taken.is_valid()


def test_the_time_of_an_event_has_its_zone() -> None:
    taken = form(Timestamp="Thu, 26 Nov 2026 12:00:00 +0200")
    assert taken.is_valid()
    two = timezone(timedelta(hours=2))
    assert taken.cleaned_data["Timestamp"] == datetime(2026, 11, 26, 12, tzinfo=two)


@pytest.mark.parametrize("parent", ["CA" * 40, "CA\0" + "1" * 80])
def test_a_malformed_parent_does_not_make_a_leg_a_call(parent: str) -> None:
    taken = form(ParentCallSid=parent)
    assert taken.is_valid()
    assert 0 < len(taken.cleaned_data["ParentCallSid"]) <= 64


@pytest.mark.parametrize(
    ("query", "call"), [("", None), ("?call=12", 12), ("?call=x", None), (f"?call={2**63}", None)]
)
def test_the_address_names_the_call(query: str, call: int | None) -> None:
    taken = form(query, call="99")  # not the parameters, which are Twilio's
    assert taken.is_valid()
    assert taken.cleaned_data["call"] == call


def test_the_status_of_a_recording_has_no_state_of_a_call() -> None:
    fields = {"CallSid": CALL_SID, "RecordingSid": "RE1", "RecordingDuration": "4"}
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
    request = RequestFactory().post("/", {**fields, "RecordingUrl": url})
    taken = RecordedForm.of(request)
    assert taken.is_valid()
    assert taken.cleaned_data["RecordingUrl"] == url

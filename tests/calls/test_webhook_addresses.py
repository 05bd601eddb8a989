"""The addresses of webhooks, and what happens at those that are a little wrong."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls.models import Call
from calls.telephony.twiml import webhook_url
from calls.webhooks import NAMES
from tests.calls.twilio_webhooks import CALL_SID, Poster, event


@pytest.mark.parametrize("name", NAMES)
def test_the_slash_at_the_end_may_be_missing(twilio: Poster, agents: None, name: str) -> None:
    answers = {}
    for path in (f"/calls/twilio/{name}/", f"/calls/twilio/{name}"):
        answers[path] = twilio.post(path, event("ringing", 0, CallSid=CALL_SID)).status_code
    assert set(answers.values()) <= {200, 204}
    assert reverse(f"twilio_{name}") == f"/calls/twilio/{name}/"


def test_a_webhook_without_the_slash_is_recorded(twilio: Poster) -> None:
    twilio.post("/calls/twilio/status", event("ringing", 0))
    assert Call.objects.get().sid == CALL_SID


@pytest.mark.parametrize(
    "path",
    [
        "/calls/twilio",
        "/calls/twilio/",
        "/calls/twilio/voices/",
        "/calls/twilio/status//",
        "/calls/twilio/Status/",
        "/calls/twilio/voice/status/",
    ],
)
def test_other_addresses_name_the_right_ones(
    db: None, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, event("ringing"))
    assert answer.status_code == 404
    for name in NAMES:
        assert f" /calls/twilio/{name}/" in answer.text
    (line,) = [record.getMessage() for record in caplog.records if record.name == "calls.webhooks"]
    assert line.startswith(f"webhook refused status=404 path={path} addresses=/calls/twilio/voice/")


def test_strangers_write_no_line_of_their_own_and_not_many(
    db: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        client.get("/calls/twilio/%0A2026-11-26 INFO forged")
    lines = [record.getMessage() for record in caplog.records if record.name == "calls.webhooks"]
    assert len(lines) == 60
    assert not any("\n" in line for line in lines)


def test_twilios_address_names_the_call_and_asks_for_more_attempts() -> None:
    call = Call(pk=12)
    assert webhook_url("https://x.example", "status", call) == (
        "https://x.example/calls/twilio/status/?call=12#rc=5&rp=all"
    )
    assert webhook_url("https://x.example", "voice") == (
        "https://x.example/calls/twilio/voice/#rc=5&rp=all"
    )


OUTBOUND = {"Direction": "outbound-api", "From": "+15550100000", "To": "client:agent_1"}


def test_a_placed_call_is_known_by_the_address_before_it_has_a_sid(
    twilio: Poster, alice: Any, settings: Any
) -> None:
    now = timezone.now()
    placed = Call.objects.create(
        direction="outbound", state="queued", placed_by=alice, started_at=now, changed_at=now
    )
    path = f"/calls/twilio/status/?call={placed.pk}"
    assert twilio.post(path, event("initiated", 0, **OUTBOUND)).status_code == 204
    placed.refresh_from_db()
    assert (Call.objects.count(), placed.sid, placed.state) == (1, CALL_SID, "initiated")


def test_a_leg_whose_parent_is_a_leg_is_known_by_the_address(
    twilio: Poster, ringing: Call, alice: Any
) -> None:
    leg = {"CallSid": "CA7", "ParentCallSid": "CA6", "Direction": "outbound-dial"}
    form = event("in-progress", 2, **leg, To=f"client:agent_{alice.pk}")
    twilio.post(f"/calls/twilio/status/?call={ringing.pk}", form)
    ringing.refresh_from_db()
    assert (ringing.state, ringing.answered_by) == ("in-progress", alice)
    assert ringing.legs.get(sid="CA7").parent == CALL_SID

"""What Twilio's webhooks do to calls."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from calls.models import Call
from tests.calls.desks import sit_down
from tests.calls.twilio_webhooks import CALL_SID, STATUS, VOICE, Poster, event

Changes = list[tuple[str | None, str, int]]


@pytest.fixture
def written() -> Iterator[Callable[[], list[str]]]:
    """Return the lines that are written to the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("calls").addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    logging.getLogger("calls").removeHandler(handler)


def call() -> Call:
    return Call.objects.get(sid=CALL_SID)


def test_an_incoming_call_rings(twilio: Poster, changes: Changes) -> None:
    assert twilio.voice().status_code == 200
    assert call().state == "ringing"
    assert (call().direction, call().from_number) == ("inbound", "+15550100123")
    assert changes == [(None, "ringing", 1)]


def test_an_incoming_call_dials_the_agents_at_their_desks(
    twilio: Poster, alice: Any, bob: Any
) -> None:
    sit_down(alice)
    response = twilio.voice()
    assert response["Content-Type"] == "text/xml"
    (client,) = ElementTree.fromstring(response.content).findall("Dial/Client")
    assert client.findtext("Identity") == f"agent_{alice.pk}"
    assert client.find("Parameter").attrib == {"name": "call", "value": str(call().pk)}
    assert client.attrib == {
        "statusCallback": f"http://testserver/calls/twilio/status/?call={call().pk}#rc=5&rp=all",
        "statusCallbackEvent": "initiated ringing answered completed",
        "statusCallbackMethod": "POST",
    }
    assert call().rung_now == [alice.pk]


def test_a_webhook_that_comes_twice_changes_nothing_twice(
    twilio: Poster, alice: Any, changes: Changes
) -> None:
    sit_down(alice)
    first, again = twilio.voice(), twilio.voice()
    assert first.content == again.content
    for _ in range(2):
        assert twilio.leg("alice", "in-progress", 2).status_code == 204
    for _ in range(2):
        assert twilio.status("completed", 0, CallDuration="17").status_code == 204
    assert changes == [
        (None, "ringing", 1),
        ("ringing", "in-progress", 2),
        ("in-progress", "completed", 3),
    ]
    assert call().duration == 17


def test_the_agent_whose_phone_answers_has_the_call(
    twilio: Poster, ringing: Call, bob: Any
) -> None:
    twilio.leg("bob", "in-progress", 2)
    assert (call().state, call().answered_by) == ("in-progress", bob)
    assert call().answered_at is not None


@pytest.mark.parametrize("outcome", ["no-answer", "busy", "canceled", "failed"])
def test_a_phone_that_was_not_answered_does_not_end_the_call(
    twilio: Poster, ringing: Call, outcome: str
) -> None:
    assert twilio.leg("bob", outcome, 2).status_code == 204
    assert call().state == "ringing"
    twilio.leg("alice", "in-progress", 2)
    twilio.leg("bob", outcome, 3)
    assert call().state == "in-progress"
    assert Call.objects.count() == 1


def test_a_leg_of_an_unknown_call_is_ignored(twilio: Poster, agents: None) -> None:
    assert twilio.leg("alice", "in-progress", 2).status_code == 204
    assert not Call.objects.exists()


def test_a_caller_who_gives_up(twilio: Poster, ringing: Call) -> None:
    twilio.status("completed", 0, CallDuration="4")
    assert (call().state, call().answered_by, call().answered_at) == ("completed", None, None)
    assert call().ended_at is not None


OUTBOUND = {"Direction": "outbound-api", "From": "+15550100000", "To": "+15550100199"}


CUSTOMER = {**OUTBOUND, "CallSid": "CA3c", "ParentCallSid": CALL_SID, "Direction": "outbound-dial"}


def test_an_outbound_call_from_beginning_to_end(twilio: Poster, changes: Changes) -> None:
    for sequence, state in enumerate(["initiated", "ringing", "in-progress"]):
        twilio.status(state, sequence, **OUTBOUND)
    for sequence, state in enumerate(["initiated", "ringing", "in-progress", "completed"]):
        twilio.status(state, sequence, **CUSTOMER)
    twilio.status("completed", 3, **OUTBOUND)
    states = [state for _, state, _ in changes]
    # The agent's phone rings, then the customer's.
    assert states == ["initiated", "ringing", "ringing", "in-progress", "completed"]
    assert (call().direction, call().to_number) == ("outbound", "+15550100199")


def test_a_late_webhook_does_not_turn_a_call_back(twilio: Poster, changes: Changes) -> None:
    twilio.status("in-progress", 2, **OUTBOUND)
    for sequence, state in [(0, "initiated"), (2, "in-progress"), (1, "ringing")]:
        assert twilio.status(state, sequence, **CUSTOMER).status_code == 204
    assert [state for _, state, _ in changes] == ["ringing", "in-progress"]


def test_a_late_end_of_another_kind_does_not_replace_the_end(twilio: Poster) -> None:
    twilio.status("completed", 3, **OUTBOUND)
    twilio.status("failed", 4, **OUTBOUND)
    assert call().state == "completed"


def test_the_sequence_number_alone_can_show_what_is_late(twilio: Poster) -> None:
    twilio.status("ringing", 5, **OUTBOUND)
    twilio.status("in-progress", 4, **OUTBOUND)
    assert call().state == "ringing"


@pytest.mark.parametrize("path", [VOICE, STATUS])
@pytest.mark.parametrize(
    ("missing", "wrong", "words"),
    [
        ("CallSid", {}, "CallSid"),
        ("CallStatus", {}, "CallStatus"),
        (None, {"CallStatus": "napping"}, "napping"),
        (None, {"CallSid": "CA" * 40}, "CallSid"),
        (None, {"CallSid": "CA\0"}, "CallSid"),
    ],
)
def test_bad_parameters_are_named(
    twilio: Poster, path: str, missing: str | None, wrong: dict[str, str], words: str
) -> None:
    form = {**event("ringing", 0), **wrong}
    form.pop(missing, None)
    response = twilio.post(path, form)
    assert response.status_code == 400
    assert words in response.text
    assert response["Content-Type"] == "text/plain"
    assert not Call.objects.exists()


def test_no_signed_value_makes_a_second_line_in_the_log(
    twilio: Poster, agents: None, written: Any
) -> None:
    forged = "x\n2026-11-22 INFO calls.models call changed call=1"
    twilio.status(forged)
    twilio.voice(CallSid=f"CA{forged}")
    twilio.leg("alice", "in-progress", 2)
    twilio.status("in-progress", ParentCallSid=f"CA{forged}")
    lines = written()
    assert len([line for line in lines if "2026-11-22" in line]) == 3
    assert not [line for line in lines if line.startswith("2026-11-22")]


def test_strangers_write_sixty_lines_a_minute(client: Client, written: Any) -> None:
    for _ in range(100):
        assert client.post(STATUS, event("ringing")).status_code == 403
    assert len([line for line in written() if line.startswith("webhook refused")]) == 60


def test_another_account_is_refused(twilio: Poster) -> None:
    assert twilio.voice(AccountSid="AC" + 32 * "f").status_code == 403
    assert twilio.status("ringing", 0, AccountSid="").status_code == 403
    assert not Call.objects.exists()


@pytest.mark.parametrize("path", [VOICE, STATUS])
def test_only_post(client: Client, path: str) -> None:
    assert client.get(path).status_code == 405
    assert client.put(path).status_code == 405


def test_no_csrf_token_is_asked_for(db: None) -> None:
    assert Poster(Client(enforce_csrf_checks=True)).voice().status_code == 200


def test_a_receiver_that_fails_rolls_the_change_back(
    twilio: Poster, ringing: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no log")

    monkeypatch.setattr("calls.receivers.publish", fail)
    with pytest.raises(RuntimeError, match="no log"):
        twilio.status("completed", 0)
    assert (call().state, call().version) == ("ringing", 1)

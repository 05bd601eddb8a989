"""Whatever Twilio's REST API answers, or doesn't: what comes out is one of the expected errors."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from calls.agents import phone
from calls.models import Call
from calls.states import State
from calls.telephony import (
    CallOver,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    Refused,
    TelephonyError,
    get_telephony,
    rest,
)
from tests.calls.twilio_api import Answer, TwilioApi, as_json, refusal
from tests.processes.waiting import wait_until

CALL, LEG = "CA1", "CA2"
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

NOT_DONE = {
    "a call that is over": refusal(400, 21220),
    "an unknown resource": refusal(404, 20404),
    "a wrong token": refusal(401, 20003),
    "a closed account": refusal(403, 20005),
    "too many requests": refusal(429, 20429),
    "too many requests, by a proxy": Answer(429, b"slow down", "text/plain"),
    "a refusal": refusal(400, 21211, "The 'To' number is not valid."),
    "a refusal without a code": as_json(400, {"message": "No."}),
    "a refusal without a sentence": as_json(400, {"code": 21211}),
    "a refusal that is no JSON": Answer(400, b"<h1>Bad Request</h1>", "text/html"),
    "a refusal of strange types": as_json(400, {"code": "21220", "message": {"a": [1]}}),
    "a refusal that is a list": as_json(409, ["no"]),
}
MAY_BE_DONE = {
    "a failure": refusal(500, 20500),
    "a failure of a proxy": Answer(502, b"<h1>Bad Gateway</h1>", "text/html"),
    "an overload": refusal(503, 20503),
    "a time-out of Twilio's": Answer(408, b""),
    "a redirect": Answer(302, b""),
    "an unknown address, by a proxy": Answer(404, b"<h1>Not Found</h1>", "text/html"),
    "an unknown address, by another service": as_json(404, {"code": 404, "message": "?"}),
    "no body": Answer(200, b""),
    "no content": Answer(204, b""),
    "no JSON": Answer(200, b"<h1>Hello</h1>", "text/html"),
    "JSON that is nested too deeply": Answer(200, b"[" * 100_000),
    "no UTF-8": Answer(200, b'{"sid": "\xff"}'),
    "a list": as_json(200, [1]),
    "null": as_json(200, None),
    "an answer that is too long": Answer(200, b" " * (rest.MAX_BYTES + 1)),
    "a wrong encoding": Answer(raw=HEADERS + b"Content-Encoding: gzip\r\n\r\nnot gzip"),
    "no HTTP": Answer(raw=b"SSH-2.0-OpenSSH_9\r\n\r\n"),
    "no answer": Answer(raw=b""),
    "half an answer": Answer(raw=HEADERS + b'Content-Length: 99\r\n\r\n{"sid":'),
    "silence": Answer(silent=True),
    "silence after half an answer": Answer(
        raw=HEADERS + b'Content-Length: 99\r\n\r\n{"sid":', silent=True
    ),
}
MAKES_NO_SENSE = {
    "no fields": as_json(200, {}),
    "an unknown status": as_json(200, {"sid": CALL, "status": "napping"}),
    "a status of another type": as_json(200, {"sid": CALL, "status": 7}),
    "a sid of another type": as_json(200, {"sid": ["CA1"], "status": "queued"}),
    "a sid that is no text": as_json(200, {"sid": "\ud800", "status": "queued"}),
    "a sid with a zero byte": as_json(200, {"sid": "CA1\0", "status": "queued"}),
    "a sid that is too long": as_json(200, {"sid": "C" * 65, "status": "queued"}),
}

Act = Callable[[Any, Call, Any], Any]
INSTANT = datetime(2026, 11, 26, 12, tzinfo=UTC)
ACTS: dict[str, Act] = {
    "place": lambda company, call, agent: company.place(call, agent),
    "answer": lambda company, call, agent: company.answer(call, agent),
    "hang_up": lambda company, call, agent: company.hang_up(call),
    "end_leg": lambda company, call, agent: company.end_leg(LEG),
    "cancel_leg": lambda company, call, agent: company.cancel_leg("CA3"),
    "hold": lambda company, call, agent: company.hold(call, True),
    "resume": lambda company, call, agent: company.hold(call, False),
    "transfer": lambda company, call, agent: company.transfer(call, agent),
    "fetch": lambda company, call, agent: company.fetch(CALL),
    "placed_since": lambda company, call, agent: company.placed_since(agent, INSTANT),
    "messages": lambda company, call, agent: company.messages(CALL),
    "recording": lambda company, call, agent: company.recording(
        f"{company._rest._account}/Recordings/RE1"
    ),
}


def connect(api: TwilioApi, agent: Any) -> None:
    api.calls.clear()
    api.call(CALL, "in-progress")
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(agent))
    api.conference = {"sid": "CF1", "status": "in-progress"}
    api.members = [LEG]


@pytest.fixture
def call(api: TwilioApi, alice: Any) -> Call:
    """A call that alice has, in a conference whose customer hears music."""
    connect(api, alice)
    return Call(pk=12, sid=CALL, state=State.IN_PROGRESS, to_number="+15550100199")


def outcome(act: Act, call: Call, agent: Any) -> TelephonyError:
    with pytest.raises(TelephonyError) as raised:
        act(get_telephony("https://calls.example.com"), call, agent)
    sentence = str(raised.value)
    assert sentence[0].isupper() and sentence[-1] == "." and len(sentence) < 400
    return raised.value


def outcomes(api: TwilioApi, answer: Answer, call: Call, agent: Any) -> dict[str, TelephonyError]:
    """Return what comes of each act if its first request is answered so."""
    found = {}
    for name, act in ACTS.items():
        api.asked.clear()
        api.faults = {0: answer}
        found[name] = outcome(act, call, agent)
        # A request that was given up early must not count as one of the next act's.
        wait_until(lambda: api.asked, 5, "the request has come")
    return found


@pytest.mark.parametrize("answer", NOT_DONE.values(), ids=NOT_DONE)
def test_a_refusal_says_that_it_was_not_done(
    api: TwilioApi, call: Call, alice: Any, answer: Answer
) -> None:
    errors = outcomes(api, answer, call, alice)
    assert [name for name, error in errors.items() if not isinstance(error, Refused)] == []


@pytest.mark.parametrize("answer", MAY_BE_DONE.values(), ids=MAY_BE_DONE)
def test_without_an_answer_it_may_have_been_done(
    api: TwilioApi, call: Call, alice: Any, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer.silent:
        monkeypatch.setattr(rest, "TIMEOUT", 0.02)
    elif answer.status in (200, 302) and not answer.raw:
        monkeypatch.delitem(ACTS, "recording")  # It is any file, and may be elsewhere.
    monkeypatch.delitem(ACTS, "hang_up")  # It does without an answer to its question.
    errors = outcomes(api, answer, call, alice)
    assert {name: type(error) for name, error in errors.items()} == {
        name: OutcomeUnknown if name in ("place", "end_leg", "cancel_leg") else NotAsked
        for name in ACTS
    }


@pytest.mark.parametrize("name", ["place", "answer", "fetch"])
@pytest.mark.parametrize("answer", MAKES_NO_SENSE.values(), ids=MAKES_NO_SENSE)
def test_an_answer_that_makes_no_sense(
    api: TwilioApi, call: Call, alice: Any, name: str, answer: Answer
) -> None:
    api.faults = {0: answer}
    expected = OutcomeUnknown if name == "place" else NotAsked
    assert isinstance(outcome(ACTS[name], call, alice), expected)


def test_addresses_that_no_database_stores_are_cut(api: TwilioApi) -> None:
    api.call(CALL, "ringing", to="client:\0\ud800" + "x" * 400, from_="+1555\0")
    found = get_telephony("https://calls.example.com").fetch(CALL)
    assert (found.to_number, found.from_number) == ("client:?" + "x" * 312, "+1555")


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, 21220),
        refusal(404, 20404),
        refusal(500, 20500),
        as_json(200, []),
        Answer(raw=b""),
        as_json(200, {}),
        MAKES_NO_SENSE["a status of another type"],
        MAKES_NO_SENSE["a sid that is no text"],
    ],
)
def test_at_any_later_request(
    api: TwilioApi, call: Call, alice: Any, bob: Any, answer: Answer
) -> None:
    for act in ACTS.values():
        for number in count(1):
            connect(api, alice)
            api.asked.clear()
            api.faults = {number: answer}
            try:
                act(get_telephony("https://calls.example.com"), call, bob)
            except TelephonyError as error:
                assert str(error)
            if len(api.asked) <= number:
                break


def test_a_twilio_that_cannot_be_reached(settings: Any, alice: Any) -> None:
    settings.TWILIO_API_URL = "http://127.0.0.1:1"
    call = Call(pk=12, sid=CALL, state=State.RINGING, to_number="+15550100199")
    for name, act in ACTS.items():
        error = outcome(act, call, alice)
        if name in ("place", "end_leg", "cancel_leg"):
            assert isinstance(error, OutcomeUnknown) and "can't be reached" in str(error)
        else:
            assert isinstance(error, NotAsked) and "could not be asked. Nothing" in str(error)


def test_pieces_that_come_in_time_are_not_an_answer_in_time(
    api: TwilioApi, call: Call, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count(step=10)  # It is later with each look at the clock.
    monkeypatch.setattr(rest.time, "monotonic", lambda: next(seconds))
    assert isinstance(outcome(ACTS["fetch"], call, alice), NotAsked)


@pytest.mark.parametrize(
    ("name", "answer", "error"),
    [
        ("fetch", refusal(404, 20404), NoSuchCall),
        ("hang_up", refusal(404, 20404), NoSuchCall),  # It is asked for first.
        ("end_leg", refusal(404, 20404), CallOver),
        ("end_leg", refusal(400, 21220), CallOver),
        ("place", refusal(404, 20404), Refused),
    ],
)
def test_which_refusal_it_is(
    api: TwilioApi, call: Call, alice: Any, name: str, answer: Answer, error: type[Exception]
) -> None:
    api.faults = {0: answer}
    assert type(outcome(ACTS[name], call, alice)) is error


def test_twilios_own_sentence_is_shown_and_never_a_long_one(
    api: TwilioApi, call: Call, alice: Any
) -> None:
    api.faults = {0: refusal(400, 21211, "The 'To' number is not valid.")}
    said = str(outcome(ACTS["place"], call, alice))
    assert said == "The phone company refused: The 'To' number is not valid."
    api.asked.clear()
    api.faults = {0: Answer(400, json.dumps({"message": "x" * 10_000}).encode())}
    assert len(str(outcome(ACTS["place"], call, alice))) < 400

"""The REST API says what is true, in Twilio's fields, and refuses with Twilio's codes."""

from typing import Any

import pytest

from calls.simulator import api
from tests.calls.simulator.town import OUR_NUMBER, Town, dial, dial_number


def test_a_call_and_its_child_legs(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(1)
    leg = town.pick_up(call.sid)
    town.wait(75)
    town.rest("POST", f"Calls/{leg}", Status="completed")
    town.wait(0)
    own = town.rest("GET", f"Calls/{call.sid}")
    assert (own["direction"], own["status"], own["duration"]) == ("inbound", "completed", "76")
    assert (own["from"], own["to"]) == ("+15550100123", OUR_NUMBER)
    (child,) = town.rest("GET", "Calls", ParentCallSid=call.sid)["calls"]
    assert (child["sid"], child["direction"]) == (leg, "outbound-dial")
    assert (child["parent_call_sid"], child["duration"]) == (call.sid, "75")


def test_the_calls_that_were_placed_to_a_phone_newest_first(town: Town) -> None:
    first = town.place(dial_number("+15550100199"))
    town.wait(1)
    second = town.place(dial_number("+15550100198"))
    town.place(dial_number("+15550100197"), to="client:agent_2")
    found = town.rest("GET", "Calls", To="client:agent_1", From=OUR_NUMBER, PageSize=200)["calls"]
    assert [one["sid"] for one in found] == [second, first]


def test_a_created_call_that_nobody_picks_up(town: Town) -> None:
    call = town.place(dial_number("+15550100199"), to="+15550100777")
    town.wait(30)
    assert town.heard(call)[-1] == ("status", "no-answer")


def test_a_call_that_is_ended_while_it_rings(town: Town) -> None:
    call = town.place(dial_number("+15550100199"))
    town.wait(0.3)
    town.rest("POST", f"Calls/{call}", Status="completed")
    town.wait(10)
    assert town.state(call) == "canceled"


@pytest.mark.parametrize("fields", [{"Status": "completed"}, {"Twiml": "<Response/>"}])
def test_a_call_that_is_over(town: Town, fields: dict[str, str]) -> None:
    call = town.call_in()  # The site has nothing for it to do.
    answer = town.rest("POST", f"Calls/{call.sid}", **fields)
    assert (answer["code"], answer["status"]) == (21220, 400)


def test_a_call_that_still_rings_takes_no_twiml(town: Town) -> None:
    call = town.place(dial_number("+15550100199"))
    assert town.rest("POST", f"Calls/{call}", Twiml="<Response/>")["code"] == 21220


def test_canceled_ends_only_what_nobody_has_picked_up(town: Town) -> None:
    call = town.place(dial_number("+15550100199"))
    town.wait(0.6)
    town.rest("POST", f"Calls/{call}", Status="canceled")
    assert town.state(call) == "in-progress"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "Calls/CAunknown"),
        ("POST", "Calls/CAunknown"),
        ("GET", "Conferences/CFunknown/Participants"),
        ("GET", "Recordings/REunknown.mp3"),
        ("GET", "Elsewhere"),
        ("DELETE", "Calls"),
    ],
)
def test_what_there_is_not(town: Town, method: str, path: str) -> None:
    reply = api.answer(method, path, {"Status": "completed"}, town.now)
    body: Any = reply.body
    assert (reply.status, body["code"]) == (404, 20404)


@pytest.mark.parametrize("to", ["", "911", "alice", "client:a b", "+0123"])
def test_a_number_that_is_none(town: Town, to: str) -> None:
    reply = api.answer("POST", "Calls", {"To": to, "From": OUR_NUMBER, "Twiml": ""}, town.now)
    body: Any = reply.body
    assert (reply.status, body["code"]) == (400, 21211)

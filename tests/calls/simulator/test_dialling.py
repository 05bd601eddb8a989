"""A call rings at phones, one of them gets it, and the call goes on as its action says."""

import pytest

from calls.simulator import incoming
from tests.calls.simulator.town import SITE, Town, dial, dial_number

SENTENCE = "<Response><Say>Nobody is here.</Say></Response>"


def test_an_incoming_call_rings_at_all_phones_until_one_is_picked_up(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(5)
    assert town.children(call.sid) == {"client:agent_1": "ringing", "client:agent_2": "ringing"}
    assert town.state(call.sid) == "in-progress"  # Twilio picks up to carry out <Dial>.
    leg = town.pick_up(call.sid, "agent_2")
    assert town.children(call.sid) == {
        "client:agent_1": "canceled",
        "client:agent_2": "in-progress",
    }
    assert town.heard(leg) == [
        ("status", "initiated"),
        ("status", "ringing"),
        ("status", "in-progress"),
    ]


def test_a_phone_of_several_is_never_picked_up_by_itself(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(29)
    assert set(town.children(call.sid).values()) == {"ringing"}


def test_a_phone_that_is_called_by_a_webhook_alone_is_not_picked_up_by_itself(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(29)
    assert town.children(call.sid) == {"client:agent_1": "ringing"}


def test_a_child_leg_numbers_its_own_events_and_names_its_parent(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(1)
    leg = town.pick_up(call.sid)
    town.wait(61)
    town.rest("POST", f"Calls/{leg}", Status="completed")
    town.wait(0)
    told = [one.form for one in town.got if one.form["CallSid"] == leg]
    assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
    assert {form["ParentCallSid"] for form in told} == {call.sid}
    assert told[-1]["CallStatus"] == "completed"
    assert told[-1]["CallDuration"] == "61"


def test_nobody_answers_and_the_action_decides(town: Town) -> None:
    town.twiml |= {"voice": dial("agent_1", "agent_2"), "dialled": SENTENCE}
    call = town.call_in()
    town.wait(30)
    assert set(town.children(call.sid).values()) == {"no-answer"}
    action = next(one.form for one in town.got if one.path == "dialled")
    assert action["DialCallStatus"] == "no-answer"
    assert action["CallStatus"] == "in-progress"
    assert town.state(call.sid) == "in-progress"
    town.wait(2)
    assert town.state(call.sid) == "completed"  # A missed call ends so, too.
    assert town.heard(call.sid)[-1] == ("status", "completed")


def test_the_action_may_ring_at_others(town: Town) -> None:
    town.twiml |= {"voice": dial("agent_1"), "dialled": dial("agent_2")}
    call = town.call_in()
    town.wait(30.2)
    assert town.children(call.sid) == {"client:agent_1": "no-answer", "client:agent_2": "ringing"}


def test_all_phones_decline(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(1)
    for leg in town.rest("GET", "Calls", ParentCallSid=call.sid)["calls"]:
        town.rest("POST", f"Calls/{leg['sid']}", Status="completed")
        town.wait(0)
    assert "dialled" in [one.path for one in town.got]
    assert set(town.children(call.sid).values()) == {"canceled"}


def test_an_agent_hangs_up(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(1)
    leg = town.pick_up(call.sid)
    town.wait(60)
    town.rest("POST", f"Calls/{leg}", Status="completed")
    town.wait(0)
    action = next(one.form for one in town.got if one.path == "dialled")
    assert (action["DialCallStatus"], action["DialCallSid"]) == ("completed", leg)
    assert action["DialCallDuration"] == "60"
    assert town.state(call.sid) == "completed"  # The action answered with nothing to do.


def test_a_caller_who_gives_up_ends_the_phones_and_the_action_gets_to_know_it(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(3)
    town.rest("POST", f"Calls/{call.sid}", Status="completed")
    town.wait(0)
    assert set(town.children(call.sid).values()) == {"canceled"}
    assert sorted(town.heard(call.sid)[1:]) == [("dialled", "completed"), ("status", "completed")]


def test_a_request_moves_the_caller_to_one_phone_which_is_picked_up_by_itself(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(3)
    town.rest("POST", f"Calls/{call.sid}", Twiml=dial("agent_3"))
    town.wait(0.4)
    assert town.children(call.sid)["client:agent_1"] == "canceled"
    assert town.children(call.sid)["client:agent_3"] == "ringing"
    interrupted = [one.form for one in town.got if one.path == "dialled"]
    assert [form["CallStatus"] for form in interrupted] == ["in-progress"]
    town.wait(0.2)
    assert town.children(call.sid)["client:agent_3"] == "in-progress"
    assert town.state(call.sid) == "in-progress"


def test_the_answer_of_an_interrupted_dials_action_makes_no_difference(town: Town) -> None:
    town.twiml |= {"voice": dial("agent_1"), "dialled": "<Response><Hangup/></Response>"}
    call = town.call_in()
    town.wait(3)
    town.rest("POST", f"Calls/{call.sid}", Twiml=dial("agent_3", action=""))
    town.wait(10)
    assert town.children(call.sid)["client:agent_3"] == "in-progress"


def test_an_outgoing_call_rings_the_agent_first_then_the_customer(town: Town) -> None:
    call = town.place(dial_number("+15550100199"))
    assert town.state(call) == "queued"
    town.wait(0.6)
    assert town.state(call) == "in-progress"
    town.wait(2)
    assert town.children(call) == {"+15550100199": "ringing"}
    town.wait(1)
    assert town.children(call) == {"+15550100199": "in-progress"}
    assert [state for _, state in town.heard(call)] == ["initiated", "ringing", "in-progress"]


@pytest.mark.parametrize(
    ("number", "state", "seconds"),
    [
        ("+15550100666", "busy", 2),
        ("+15550100777", "no-answer", 30.6),
        ("+15550100404", "failed", 2),
    ],
)
def test_numbers_that_do_not_answer(town: Town, number: str, state: str, seconds: float) -> None:
    call = town.place(dial_number(number))
    town.wait(0.6)
    town.wait(seconds)
    assert town.children(call) == {number: state}
    action = next(one.form for one in town.got if one.path == "dialled")
    assert action["DialCallStatus"] == state
    assert town.state(call) == "completed"


def test_a_customer_who_hangs_up_soon(town: Town) -> None:
    call = town.place(dial_number("+15550100888"))
    town.wait(4)
    assert town.children(call) == {"+15550100888": "in-progress"}
    town.wait(5)
    assert town.state(call) == "completed"


def test_two_phones_are_picked_up_at_the_same_moment(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2", "agent_3")
    call = town.call_in()
    town.wait(3)
    incoming.two_pick_up(town.now)
    town.wait(0)
    assert town.children(call.sid) == {
        "client:agent_1": "in-progress",
        "client:agent_2": "completed",
        "client:agent_3": "canceled",
    }
    answered = [
        one.form["To"] for one in town.got if one.state == "in-progress" and one.path == "status"
    ]
    assert answered == ["client:agent_1", "client:agent_2"]


def test_the_addresses_in_twiml_may_be_relative(town: Town) -> None:
    town.twiml["calls/voice"] = dial("agent_1", action="../dialled/#rc=5&rp=all", timeout=5)
    town.call_in(voice=f"{SITE}/calls/voice/#rc=5&rp=all")
    town.wait(6)
    assert town.got[-2].path == "calls/dialled"

"""Redirected legs meet in a conference, are held there, and leave it."""

from tests.calls.simulator.town import Town, conference, dial, dial_number


def talking(town: Town) -> tuple[str, str]:
    """Return the sids of a caller and of the agent's phone that is connected."""
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(1)
    return call.sid, town.pick_up(call.sid)


def met(town: Town) -> tuple[str, str]:
    """Return the sids of a caller and an agent who meet in a conference."""
    call, leg = talking(town)
    town.twiml["dialled"] = conference("call-1")
    town.rest("POST", f"Calls/{leg}", Twiml=conference("call-1"))
    town.wait(0)
    return call, leg


def members(town: Town, name: str = "call-1") -> dict[str, bool]:
    """Return who is in the newest conference of a name, and whether on hold."""
    sid = town.rest("GET", "Conferences", FriendlyName=name)["conferences"][0]["sid"]
    found = town.rest("GET", f"Conferences/{sid}/Participants")["participants"]
    return {one["call_sid"]: one["hold"] for one in found}


def test_redirecting_the_agents_leg_ends_the_dial_whose_action_sends_the_caller_after_it(
    town: Town,
) -> None:
    call, leg = met(town)
    assert members(town) == {leg: False, call: False}
    assert town.state(call) == town.state(leg) == "in-progress"
    assert len([one for one in town.got if one.path == "dialled"]) == 1


def test_a_participant_is_held(town: Town) -> None:
    call, leg = met(town)
    sid = town.rest("GET", "Conferences", FriendlyName="call-1")["conferences"][0]["sid"]
    town.rest("POST", f"Conferences/{sid}/Participants/{call}", Hold="true")
    assert members(town) == {leg: False, call: True}
    town.rest("POST", f"Conferences/{sid}/Participants/{call}", Hold="false")
    assert members(town) == {leg: False, call: False}


def test_the_conference_ends_for_all_with_one_who_ends_it(town: Town) -> None:
    call, leg = met(town)
    town.rest("POST", f"Calls/{leg}", Status="completed")
    town.wait(0)
    assert town.state(call) == "completed"
    found = town.rest("GET", "Conferences", FriendlyName="call-1")["conferences"]
    assert [one["status"] for one in found] == ["completed"]


def test_the_others_stay_when_it_is_not_to_end(town: Town) -> None:
    call, leg = met(town)
    sid = town.rest("GET", "Conferences", FriendlyName="call-1")["conferences"][0]["sid"]
    town.rest("POST", f"Conferences/{sid}/Participants/{call}", EndConferenceOnExit="false")
    town.rest("POST", f"Calls/{call}", Twiml=dial("agent_2"))
    town.wait(0.5)
    assert members(town) == {leg: False}
    assert town.state(leg) == "in-progress"


def test_a_caller_who_is_transferred_rings_until_the_other_picks_up(town: Town) -> None:
    call, _ = met(town)
    town.rest("POST", f"Calls/{call}", Twiml=dial("agent_2"))
    town.wait(5)
    assert town.children(call)["client:agent_2"] == "ringing"
    town.pick_up(call, "agent_2")
    assert town.children(call)["client:agent_2"] == "in-progress"


def test_the_customer_of_an_outgoing_call_is_found_below_the_agents_leg(town: Town) -> None:
    call = town.place(dial_number("+15550100199"))
    town.wait(4)
    customer = town.rest("GET", "Calls", ParentCallSid=call)["calls"][0]["sid"]
    town.twiml["dialled"] = conference("call-1")
    town.rest("POST", f"Calls/{customer}", Twiml=dial("agent_2"))
    town.wait(5)
    assert members(town) == {call: False}
    assert town.children(customer) == {"client:agent_2": "ringing"}
    town.pick_up(call, "agent_2")
    assert town.children(customer) == {"client:agent_2": "in-progress"}


def test_who_is_not_in_the_conference_can_not_be_held(town: Town) -> None:
    call, _ = met(town)
    answer = town.rest("POST", f"Conferences/CFother/Participants/{call}", Hold="true")
    assert answer["code"] == 20404

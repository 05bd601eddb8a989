"""What the site asks of Twilio, seen at a server that plays its REST API."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model

from calls.agents import phone
from calls.models import Call
from calls.states import State
from calls.telephony import (
    CallOver,
    CallTaken,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    Refused,
    get_telephony,
)
from calls.telephony.twilio import Twilio
from tests.calls.twilio_api import Asked, TwilioApi, refusal

SITE = "https://calls.example.com"
STATUS = f"{SITE}/calls/twilio/status/?call=12#rc=5&rp=all"
DIALLED = rf"{SITE}/calls/twilio/dialled/\?call=12&called=\d+&claim=\w*#rc=5&rp=all"
CALL, LEG = "CA1", "CA2"


@pytest.fixture
def company(api: TwilioApi) -> Twilio:
    company = get_telephony(SITE)
    assert isinstance(company, Twilio)
    return company


def incoming(**fields: Any) -> Call:
    return Call(pk=12, sid=CALL, state=State.RINGING, direction="inbound", **fields)


def outgoing(**fields: Any) -> Call:
    to = "+15550100199"
    return Call(pk=12, sid=CALL, state=State.QUEUED, direction="outbound", to_number=to, **fields)


def verbs(document: str) -> list[Any]:
    return list(ElementTree.fromstring(document))


def rings(document: str, *agents: Any) -> bool:
    """Whether TwiML rings these agents' phones, and Twilio reports and asks as it must."""
    (dial,) = verbs(document)
    assert (dial.tag, dial.get("timeout")) == ("Dial", "30")
    assert re.fullmatch(DIALLED, dial.get("action"))
    for client in dial:
        assert client.attrib == {
            "statusCallback": STATUS,
            "statusCallbackEvent": "initiated ringing answered completed",
            "statusCallbackMethod": "POST",
        }
        assert client.find("Parameter").attrib == {"name": "call", "value": "12"}
    return [client.findtext("Identity") for client in dial] == [f"agent_{one.pk}" for one in agents]


def meets(document: str) -> str:
    """Return who waits in a conference, "customer" or "agent"."""
    (dial,) = verbs(document)
    assert (dial.tag, dial.attrib) == ("Dial", {})  # no action: the leg ends with the conference
    (conference,) = dial
    silent = {"waitUrl": ""} if "waitUrl" in conference.attrib else {}
    assert conference.text == "call-12"
    assert conference.attrib == {
        "beep": "false",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        **silent,
    }
    return "agent" if silent else "customer"


def plays(document: str) -> bool:
    (play,) = verbs(document)
    return (play.tag, play.get("loop")) == ("Play", "0")


def redirected(asked: Asked, sid: str) -> str:
    """Return the TwiML that a leg was given."""
    assert asked.path == f"Calls/{sid}.json"
    assert list(asked.fields) == ["Twiml"]
    return asked.fields["Twiml"]


def test_an_incoming_call_rings_at_ten_phones_at_most(company: Twilio, agents: None) -> None:
    users = [get_user_model()(pk=pk, username=f"böb {pk}@example.com") for pk in range(1, 13)]
    assert rings(company.ring(incoming(), users), *users[:10])


def test_without_agents_the_caller_may_leave_a_message(company: Twilio) -> None:
    say, record = verbs(company.ring(incoming(), []))
    assert (say.tag, record.tag) == ("Say", "Record")
    recorded = f"{SITE}/calls/twilio/recorded/?call=12#rc=5&rp=all"
    assert record.attrib == {
        "action": recorded,
        "maxLength": "120",
        "playBeep": "true",
        "recordingStatusCallback": recorded,
        "recordingStatusCallbackEvent": "completed",
    }


def test_placing_a_call_rings_the_agent_first(company: Twilio, api: TwilioApi, alice: Any) -> None:
    assert company.place(outgoing(), alice) == ("CA9", State.QUEUED, "+15550100000")
    (asked,) = api.asked
    assert (asked.method, asked.path) == ("POST", "Calls.json")
    document = asked.fields.pop("Twiml")
    assert asked.fields == {
        "To": phone(alice),
        "From": "+15550100000",
        "Timeout": "30",
        "StatusCallback": STATUS,
        "StatusCallbackEvent": "initiated ringing answered completed",
    }
    (dial,) = verbs(document)
    action = f"{SITE}/calls/twilio/dialled/?call=12#rc=5&rp=all"
    assert dial.attrib == {"timeout": "30", "action": action, "callerId": "+15550100000"}
    (number,) = dial
    assert (number.tag, number.text) == ("Number", "+15550100199")
    assert number.get("statusCallbackEvent") == "initiated ringing answered completed"


def test_an_account_without_a_number_places_no_calls(
    api: TwilioApi, alice: Any, settings: Any
) -> None:
    settings.TWILIO_NUMBER = ""
    with pytest.raises(Refused, match="TWILIO_NUMBER"):
        get_telephony(SITE).place(outgoing(), alice)
    assert not api.asked


def test_answering_moves_the_caller_to_one_phone(
    company: Twilio, api: TwilioApi, alice: Any, bob: Any
) -> None:
    api.call(CALL, "in-progress")
    api.call(LEG, "ringing", parent=CALL, direction="outbound-dial", to=phone(alice))
    company.answer(incoming(), bob)
    (asked,) = api.changes()
    assert rings(redirected(asked, CALL), bob)


def test_answering_never_cuts_a_conversation(
    company: Twilio, api: TwilioApi, alice: Any, bob: Any
) -> None:
    api.call(CALL, "in-progress")
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(alice))
    with pytest.raises(CallTaken, match=r"^alice has this call\.$"):
        company.answer(incoming(), bob)
    company.answer(incoming(), alice)  # Her own phone was faster than her click.
    assert not api.changes()


def test_a_call_that_is_over_cannot_be_answered(company: Twilio, api: TwilioApi, bob: Any) -> None:
    api.call(CALL, "completed")
    with pytest.raises(CallOver):
        company.answer(incoming(), bob)
    assert not api.changes()


def test_a_call_that_ends_meanwhile_is_over(company: Twilio, api: TwilioApi, bob: Any) -> None:
    api.call(CALL, "in-progress")
    api.faults = {2: refusal(400, 21220)}
    with pytest.raises(CallOver):
        company.answer(incoming(), bob)


def test_hanging_up_ends_all_who_are_connected(company: Twilio, api: TwilioApi, bob: Any) -> None:
    api.call(CALL, "in-progress", direction="outbound-api", to=phone(bob), from_="+15550100000")
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to="+15550100199")
    company.hang_up(outgoing())
    ended = [(asked.path, asked.fields) for asked in api.changes()]
    assert ended == [
        (f"Calls/{CALL}.json", {"Status": "completed"}),
        (f"Calls/{LEG}.json", {"Status": "completed"}),
    ]


def test_hanging_up_while_it_rings_ends_the_callers_leg_alone(
    company: Twilio, api: TwilioApi, bob: Any
) -> None:
    api.call(CALL, "in-progress")
    api.call(LEG, "ringing", parent=CALL, direction="outbound-dial", to=phone(bob))
    company.hang_up(incoming())
    assert [asked.path for asked in api.changes()] == [f"Calls/{CALL}.json"]


def test_what_ended_by_itself_while_it_was_hung_up_is_no_error(
    company: Twilio, api: TwilioApi, bob: Any
) -> None:
    api.call(CALL, "in-progress")
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(bob))
    api.faults = {3: refusal(404, 20404)}
    talking = incoming()
    talking.state = State.IN_PROGRESS
    company.hang_up(talking)


def test_rejecting_never_cuts_a_conversation(company: Twilio, api: TwilioApi, bob: Any) -> None:
    api.call(CALL, "in-progress")
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(bob))
    with pytest.raises(CallTaken, match=r"^bob has this call\.$"):
        company.hang_up(incoming())  # It rings, as far as is known.
    assert not api.changes()


def test_stopping_a_phone_never_cuts_a_conversation(company: Twilio, api: TwilioApi) -> None:
    api.call(LEG, "ringing")
    company.cancel_leg(LEG)
    assert company.fetch(LEG).state == State.CANCELED
    api.call(LEG, "in-progress")
    with pytest.raises(CallTaken):
        company.cancel_leg(LEG)
    assert company.fetch(LEG).state == State.IN_PROGRESS


def test_without_an_answer_to_the_question_the_known_legs_are_ended(
    company: Twilio, api: TwilioApi, db: None, bob: Any
) -> None:
    call = Call.objects.record(CALL, State.IN_PROGRESS, direction="inbound")
    assert call is not None
    for sid, state in [(LEG, State.IN_PROGRESS), ("CA3", State.RINGING)]:
        call = Call.objects.record(sid, state, parent=CALL, agent=bob) or call
    api.faults = {0: refusal(500, 20500), 1: refusal(500, 20500)}
    with pytest.raises(OutcomeUnknown):
        company.hang_up(call)
    assert [asked.path for asked in api.changes()] == [f"Calls/{CALL}.json", f"Calls/{LEG}.json"]


def test_what_could_not_be_asked_was_not_done(company: Twilio, api: TwilioApi) -> None:
    api.faults = {0: refusal(500, 20500)}
    with pytest.raises(NotAsked, match="Nothing was done"):
        company.hold(incoming(), True)
    assert not api.changes()


def test_a_call_that_twilio_has_not_named_yet(company: Twilio, api: TwilioApi) -> None:
    with pytest.raises(Refused, match="hasn't named"):
        company.hang_up(Call(pk=12, sid=None, state=State.QUEUED))
    assert not api.asked


class TestConnectedByDial:
    """Hold and transfer of a call that is no conference yet."""

    @pytest.fixture
    def talking(self, api: TwilioApi, alice: Any) -> Call:
        api.call(CALL, "in-progress")
        api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(alice))
        return incoming(conference=True)

    @pytest.fixture
    def placed(self, api: TwilioApi, alice: Any) -> Call:
        api.call(CALL, "in-progress", direction="outbound-api", to=phone(alice))
        api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to="+15550100199")
        return outgoing(conference=True)

    def test_an_incoming_call_is_held(self, company: Twilio, api: TwilioApi, talking: Call) -> None:
        company.hold(talking, True)
        (asked,) = api.changes()
        assert meets(redirected(asked, LEG)) == "agent"
        talking.held = True
        assert plays(company.resume(talking, CALL))  # what the action of the caller's <Dial> gets

    def test_an_outgoing_call_is_held(self, company: Twilio, api: TwilioApi, placed: Call) -> None:
        company.hold(placed, True)
        (asked,) = api.changes()
        assert plays(redirected(asked, LEG))
        placed.held = True
        assert meets(company.resume(placed, CALL)) == "agent"

    def test_an_incoming_call_is_transferred(
        self, company: Twilio, api: TwilioApi, talking: Call, bob: Any
    ) -> None:
        talking.transfer_to = bob
        company.transfer(talking, bob)
        (asked,) = api.changes()
        assert meets(redirected(asked, LEG)) == "agent"
        assert rings(company.resume(talking, CALL), bob)

    def test_an_outgoing_call_is_transferred(
        self, company: Twilio, api: TwilioApi, placed: Call, bob: Any
    ) -> None:
        placed.transfer_to = bob
        company.transfer(placed, bob)
        (asked,) = api.changes()
        assert rings(redirected(asked, LEG), bob)
        assert meets(company.resume(placed, CALL)) == "agent"
        placed.transfer_to = None  # Bob didn't answer.
        assert meets(company.resume(placed, LEG)) == "customer"

    def test_who_is_not_held_is_not_moved(
        self, company: Twilio, api: TwilioApi, talking: Call
    ) -> None:
        company.hold(talking, False)
        assert not api.changes()


class TestConference:
    """Hold and transfer of a call that is a conference."""

    @pytest.fixture
    def talking(self, api: TwilioApi, alice: Any) -> Call:
        api.call(CALL, "in-progress")
        api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to=phone(alice))
        api.conference = {"sid": "CF1", "status": "in-progress"}
        api.members = [LEG, CALL]
        return incoming(conference=True)

    @pytest.mark.parametrize("on", [True, False])
    def test_twilio_holds_the_customer(
        self, company: Twilio, api: TwilioApi, talking: Call, on: bool
    ) -> None:
        company.hold(talking, on)
        assert api.changes() == [
            Asked("POST", f"Conferences/CF1/Participants/{CALL}.json", {"Hold": str(on).lower()})
        ]

    def test_a_customer_with_music_comes_back(
        self, company: Twilio, api: TwilioApi, talking: Call
    ) -> None:
        api.members = [LEG]
        company.hold(talking, True)  # again
        assert not api.changes()
        company.hold(talking, False)
        (asked,) = api.changes()
        assert meets(redirected(asked, CALL)) == "customer"

    def test_a_transfer_leaves_the_agent_in_the_conference(
        self, company: Twilio, api: TwilioApi, talking: Call, bob: Any
    ) -> None:
        company.transfer(talking, bob)
        stays, moves = api.changes()
        path = f"Conferences/CF1/Participants/{CALL}.json"
        assert stays == Asked("POST", path, {"EndConferenceOnExit": "false"})
        assert rings(redirected(moves, CALL), bob)

    def test_a_customer_with_music_is_transferred(
        self, company: Twilio, api: TwilioApi, talking: Call, bob: Any
    ) -> None:
        api.members = [LEG]
        company.transfer(talking, bob)
        (asked,) = api.changes()
        assert rings(redirected(asked, CALL), bob)

    def test_a_conference_of_earlier_does_not_count(
        self, company: Twilio, api: TwilioApi, talking: Call
    ) -> None:
        api.conference = {"sid": "CF0", "status": "completed"}
        company.hold(talking, True)
        (asked,) = api.changes()
        assert meets(redirected(asked, LEG)) == "agent"

    def test_who_was_transferred_is_held_by_the_second_agent(
        self, company: Twilio, api: TwilioApi, talking: Call, bob: Any
    ) -> None:
        api.members = [LEG]  # Alice's phone hasn't been ended yet.
        api.call("CA3", "in-progress", parent=CALL, direction="outbound-dial", to=phone(bob))
        company.hold(talking, True)
        (asked,) = api.changes()
        assert meets(redirected(asked, "CA3")) == "agent"


@pytest.mark.parametrize("act", ["hold", "transfer"])
def test_nobody_can_be_held_who_has_hung_up(
    company: Twilio, api: TwilioApi, alice: Any, act: str
) -> None:
    api.call(CALL, "in-progress", direction="outbound-api", to=phone(alice))
    api.call(LEG, "completed", parent=CALL, direction="outbound-dial", to="+15550100199")
    with pytest.raises(CallOver):
        company.hold(outgoing(), True) if act == "hold" else company.transfer(outgoing(), alice)


def test_what_twilio_says_of_a_call(company: Twilio, api: TwilioApi, alice: Any) -> None:
    api.call(CALL, "in-progress")
    api.call(
        LEG,
        "completed",
        parent=CALL,
        direction="outbound-dial",
        to=phone(alice),
        end_time="Thu, 26 Nov 2026 12:01:00 +0000",
        duration="40",
    )
    call = company.fetch(CALL)
    (leg,) = call.legs
    assert (call.sid, call.parent, call.state) == (CALL, "", State.IN_PROGRESS)
    assert (call.direction, call.from_number) == ("inbound", "+15550100123")
    assert (call.answered_at, call.ended_at, call.duration) == (None, None, None)
    assert (leg.sid, leg.parent, leg.state) == (LEG, CALL, State.COMPLETED)
    assert leg.to_number == phone(alice)
    ended = datetime(2026, 11, 26, 12, 1, tzinfo=UTC)
    assert (leg.ended_at, leg.duration) == (ended, 40)
    assert leg.answered_at == ended - timedelta(seconds=40)


def test_the_legs_of_an_outgoing_call_that_was_transferred(
    company: Twilio, api: TwilioApi, alice: Any, bob: Any
) -> None:
    api.call(CALL, "completed", direction="outbound-api", to=phone(alice))
    api.call(LEG, "in-progress", parent=CALL, direction="outbound-dial", to="+15550100199")
    api.call("CA3", "in-progress", parent=LEG, direction="outbound-dial", to=phone(bob))
    assert [leg.sid for leg in company.fetch(CALL).all()] == [CALL, LEG, "CA3"]
    company.hang_up(outgoing())
    assert {asked.path for asked in api.changes()} == {f"Calls/{sid}.json" for sid in (LEG, "CA3")}


def test_a_call_that_twilio_does_not_know(company: Twilio) -> None:
    with pytest.raises(NoSuchCall):
        company.fetch(CALL)


@pytest.mark.parametrize(
    "strange",
    [
        {"end_time": "yesterday", "duration": "long"},
        {"end_time": 12, "duration": 40, "to": None, "from": ["+1"], "direction": {}},
        {"end_time": "Thu, 26 Nov 2026 12:01:00", "duration": "-4"},
    ],
)
def test_what_is_malformed_is_as_if_not_said(
    company: Twilio, api: TwilioApi, strange: dict[str, Any]
) -> None:
    api.call(CALL, "completed", **strange)
    call = company.fetch(CALL)
    assert (call.state, call.ended_at, call.duration) == (State.COMPLETED, None, None)


def test_a_placed_call_is_found_again(company: Twilio, api: TwilioApi, alice: Any) -> None:
    to = {"direction": "outbound-api", "to": phone(alice)}
    api.call("CA4", "completed", **to, date_created="Thu, 26 Nov 2026 11:59:00 +0000")
    api.call("CA5", "ringing", direction="outbound-dial", to=phone(alice))
    api.call("CA6", "ringing", **to)
    api.call("CA7", "queued", **to, date_created=None, start_time=None)
    since = datetime(2026, 11, 26, 12, 0, 2, tzinfo=UTC)
    assert [one.sid for one in company.placed_since(alice, since)] == ["CA7", "CA6"]
    assert api.asked[0].fields["From"] == "+15550100000"


def test_a_recording_comes_with_the_accounts_credentials(company: Twilio, api: TwilioApi) -> None:
    url = f"{company._rest._account}/Recordings/RE1"
    assert company.recording(url) == (b"ID3 a message", "audio/mpeg")
    assert api.asked[0].path == "Recordings/RE1.mp3"


def test_what_was_recorded_of_a_call(company: Twilio, api: TwilioApi) -> None:
    api.recordings = [
        {"sid": "RE4", "status": "absent", "duration": "0"},
        {"sid": "RE3", "status": "processing", "duration": "-1"},
        {"sid": "RE2", "status": "completed", "duration": "4"},
    ]
    root = f"{company._rest._account}/Recordings/"
    assert company.messages("CA1") == [("RE2", f"{root}RE2", 4), ("RE3", f"{root}RE3", None)]
    assert api.asked[0].path == "Calls/CA1/Recordings.json"


@pytest.mark.parametrize("change", [lambda url: f"https://evil.example/{url}", lambda url: ""])
def test_credentials_go_nowhere_else(
    company: Twilio, api: TwilioApi, change: Callable[[str], str]
) -> None:
    with pytest.raises(Refused):
        company.recording(change(f"{company._rest._account}/Recordings/RE1"))
    assert not api.asked

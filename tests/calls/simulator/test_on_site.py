"""The company and the site together: what an agent does comes about, and the site gets to know it.

Requests and webhooks go through Django's test client, and the company's clock is the test's.
"""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from calls.agents import agent_at, phone
from calls.availability import Standing, standings
from calls.models import Call
from calls.reconciliation import sweep
from calls.simulator.account import auth_token
from calls.simulator.models import Leg as CompanysLeg
from calls.simulator.overrides import Failure, split
from calls.simulator.player import next_due, play_due
from calls.simulator.webhooks import Answer
from calls.simulator.words import obey
from calls.telephony import Report
from calls.telephony.simulator import Simulator
from realtime.receipts.handing_on import hand_on_overdue
from tests.calls.twilio_webhooks import sign

SITE = "http://testserver"


@pytest.fixture(autouse=True)
def no_account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = settings.TWILIO_NUMBER = ""


def post(url: str, form: dict[str, str]) -> Answer:
    """Take a webhook as the site does."""
    address = split(url)[0]
    parts = urlsplit(address)
    response = Client().post(
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        form,
        headers={"X-Twilio-Signature": sign(address, form, auth_token())},
    )
    assert response.status_code in (200, 204), response.content
    return Answer(response.content.decode())


Wait = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Lets time pass, for the site and for the company."""
    clock = [timezone.now()]
    monkeypatch.setattr(timezone, "now", lambda: clock[0])

    def wait(seconds: float) -> None:
        until = clock[0] + timedelta(seconds=seconds)
        while clock[0] < until:
            # A step that waits for another one is due already; the clock goes on nevertheless.
            clock[0] = min(until, max(next_due() or until, clock[0] + timedelta(seconds=0.25)))
            play_due(clock[0], post)

    return wait


@pytest.fixture
def online(settings: Any, alice: Any, bob: Any) -> None:
    """Nobody knows who is at a desk, so the phones of both ring."""
    settings.REALTIME = {"PRESENCE": False}


@pytest.fixture
def call(desk: Client, wait: Wait) -> Call:
    desk.post("/calls/simulate/")
    wait(1)
    return Call.objects.get()


def shown(call: Call) -> dict[str, Any]:
    return Call.objects.listed().get(pk=call.pk).data()


def test_nobody_is_there_and_the_caller_leaves_a_message(call: Call, wait: Wait) -> None:
    assert shown(call)["state"] == "ringing"
    assert shown(call)["voicemail"]
    wait(20)
    assert shown(call)["state"] == "completed"
    assert shown(call)["message"] == {"seconds": 4}


def test_a_message_whose_webhooks_were_lost_is_found(
    call: Call, desk: Client, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Answer(failure=Failure.BROKEN, detail="500")
    with monkeypatch.context() as broken:
        broken.setattr("tests.calls.simulator.test_on_site.post", lambda url, form: lost)
        wait(20)
    wait(200)
    sweep(timezone.now())
    assert (shown(call)["outcome"], shown(call)["message"]) == ("nobody-there", None)
    wait(10)
    sweep(timezone.now())
    assert shown(call)["message"] == {"seconds": 4}
    assert desk.get(f"/calls/{call.pk}/message/").status_code == 200


def test_the_message_is_played(call: Call, desk: Client, wait: Wait) -> None:
    wait(20)
    response = desk.get(f"/calls/{call.pk}/message/")
    sound = b"".join(response.streaming_content) if response.streaming else response.content
    assert sound[:4] == b"RIFF"


def test_an_agent_without_a_page_answers(call: Call, desk: Client, wait: Wait, alice: Any) -> None:
    assert desk.post(f"/calls/{call.pk}/answer/").status_code == 202
    wait(1)
    assert shown(call)["state"] == "in-progress"
    assert shown(call)["answered_by"]["name"] == "alice"
    assert desk.post(f"/calls/{call.pk}/hangup/").status_code == 202
    wait(1)
    assert (shown(call)["state"], shown(call)["outcome"]) == ("completed", "answered")


def test_a_call_that_no_desk_receives_is_answered_at_the_next_one(
    online: None, desk: Client, wait: Wait, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.rounds.ROUND_SIZE", 1)
    desk.post("/calls/simulate/")
    wait(3)
    hand_on_overdue(later=3.5)
    call = Call.objects.get()
    assert shown(call)["ringing"] == [bob.pk, alice.pk]
    phones = CompanysLeg.objects.filter(parent__sid=call.sid).values_list("to_address", "state")
    assert list(phones) == [(phone(alice), "ringing")]  # Nobody's ring is cut off.
    bobs = Client()
    bobs.force_login(bob)
    assert bobs.post(f"/calls/{call.pk}/answer/").status_code == 202
    wait(2)
    assert (shown(call)["state"], shown(call)["answered_by"]["name"]) == ("in-progress", "bob")


def placed(desk: Client, wait: Wait, number: str = "+15550100199") -> Call:
    assert desk.post("/calls/", {"to": number}).status_code == 201
    wait(0.25)
    return Call.objects.get(to_number=number)


def test_a_placed_call_rings_at_the_agent_then_at_the_customer(desk: Client, wait: Wait) -> None:
    call = placed(desk, wait)
    assert shown(call)["calling"] == "agent"
    wait(2)
    assert shown(call)["calling"] == "customer"
    wait(2)
    assert shown(call)["state"] == "in-progress"


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("+15550100666", "busy"), ("+15550100777", "missed"), ("+15550100404", "failed")],
)
def test_a_placed_call_that_is_not_answered(
    desk: Client, wait: Wait, number: str, outcome: str
) -> None:
    call = placed(desk, wait, number)
    wait(40)
    assert shown(call)["outcome"] == outcome


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_a_customer_is_held_and_talks_again(desk: Client, wait: Wait, direction: str) -> None:
    call = talking(desk, wait, direction)
    for on in ("1", "0", "1"):
        assert desk.post(f"/calls/{call.pk}/hold/", {"on": on}).status_code == 202
        wait(3)
        assert (shown(call)["state"], shown(call)["held"]) == ("in-progress", on == "1")
    assert desk.post(f"/calls/{call.pk}/hangup/").status_code == 202
    wait(1)
    assert shown(call)["state"] == "completed"


def talking(desk: Client, wait: Wait, direction: str) -> Call:
    """Return a call in which alice talks."""
    if direction == "outgoing":
        call = placed(desk, wait)
        wait(4)
        return call
    desk.post("/calls/simulate/")
    wait(1)
    call = Call.objects.get()
    desk.post(f"/calls/{call.pk}/answer/")
    wait(1)
    return call


def test_the_phones_of_both_ring_and_the_desk_shows_whose_was_picked_up(
    online: None, call: Call, wait: Wait, alice: Any, bob: Any
) -> None:
    assert sorted(shown(call)["ringing"]) == sorted([alice.pk, bob.pk])
    desk = Client()
    desk.force_login(bob)
    assert desk.post("/calls/simulate/pick-up/", {"call": call.pk}).status_code == 202
    wait(1)
    assert (shown(call)["state"], shown(call)["ringing"]) == ("in-progress", [])
    assert shown(call)["answered_by"]["name"] == "bob"


def test_a_phone_that_does_not_ring_is_not_picked_up(desk: Client, call: Call) -> None:
    assert desk.post("/calls/simulate/pick-up/", {"call": call.pk}).status_code == 409
    assert desk.post("/calls/simulate/pick-up/", {"call": "x"}).status_code == 400
    assert desk.post("/calls/simulate/pick-up/", {"call": 4711}).status_code == 404


@pytest.mark.parametrize("after", [9, 29.5])
def test_a_caller_is_not_lost_when_the_phone_of_the_agent_does_not_accept(
    online: None, call: Call, desk: Client, wait: Wait, after: float, alice: Any, bob: Any
) -> None:
    wait(after - 1)
    assert desk.post(f"/calls/{call.pk}/answer/", {"phone": "ringing"}).status_code == 202
    wait(30 - after)
    wait(1)
    legs = Simulator(SITE).fetch(call.sid).legs
    assert [leg.to_number for leg in legs if leg.state == "ringing"] == [phone(alice)]
    assert desk.post("/calls/simulate/pick-up/", {"call": call.pk}).status_code == 202
    wait(1)
    assert (shown(call)["state"], shown(call)["answered_by"]["name"]) == ("in-progress", "alice")


@pytest.mark.parametrize("action", ["decline", "hangup", "answer"])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_talk_that_still_rings_here_is_not_cut_but_found(
    online: None, call: Call, desk: Client, wait: Wait, alice: Any, bob: Any, action: str, who: str
) -> None:
    clients = {"alice": desk, "bob": Client()}
    clients["bob"].force_login(bob)
    desk.post("/calls/simulate/lose-answered/")
    desk.post("/calls/simulate/pick-up/", {"call": call.pk})
    wait(2)
    clients[who].post(f"/calls/{call.pk}/{action}/")
    wait(2)
    assert [leg.to_number for leg in agents_in(call)] == [phone(alice)]
    sweep_at(Call.objects.get(pk=call.pk).check_at)
    assert shown(call)["answered_by"]["name"] == "alice"
    assert shown(call)["rejected_by"] is None


def test_a_phone_hangs_up_while_the_company_takes_no_orders(
    online: None, desk: Client, wait: Wait
) -> None:
    call = talking(desk, wait, "incoming")
    desk.post("/calls/simulate/rest-error/")
    assert desk.post("/calls/simulate/listen/", {"call": call.pk}).status_code == 202
    assert desk.post("/calls/simulate/hang-up/", {"call": call.pk}).status_code == 202
    assert desk.post("/calls/simulate/listen/", {"call": call.pk}).status_code == 409
    wait(2)
    assert (shown(call)["state"], shown(call)["outcome"]) == ("completed", "answered")
    assert desk.post("/calls/simulate/hang-up/", {"call": call.pk}).status_code == 409


def test_both_decline(online: None, call: Call, desk: Client, wait: Wait, bob: Any) -> None:
    assert desk.post(f"/calls/{call.pk}/decline/").status_code == 202
    wait(1)
    assert shown(call)["ringing"] == [bob.pk]
    other = Client()
    other.force_login(bob)
    assert other.post("/calls/simulate/reject/", {"call": call.pk}).status_code == 202
    wait(1)
    assert (shown(call)["ringing"], shown(call)["voicemail"]) == ([], True)


def test_nobody_picks_up_within_the_time(online: None, call: Call, wait: Wait) -> None:
    wait(31)
    assert (shown(call)["ringing"], shown(call)["voicemail"]) == ([], True)
    wait(20)
    assert (shown(call)["state"], shown(call)["outcome"]) == ("completed", "missed")


def test_two_agents_are_faster_than_each_other(
    online: None, call: Call, desk: Client, wait: Wait
) -> None:
    assert desk.post("/calls/simulate/two-agents/").status_code == 202
    wait(1)
    report = Simulator(SITE).fetch(call.sid)
    (talks,) = [leg.to_number for leg in report.legs if leg.state == "in-progress"]
    assert talks == f"client:agent_{shown(call)['answered_by']['id']}"


def test_a_caller_gives_up(online: None, call: Call, desk: Client, wait: Wait) -> None:
    assert desk.post("/calls/simulate/caller-hangs-up/").status_code == 202
    wait(1)
    assert (shown(call)["state"], shown(call)["outcome"]) == ("completed", "gave-up")


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_a_call_is_handed_over(
    online: None, desk: Client, wait: Wait, direction: str, alice: Any, bob: Any
) -> None:
    call = talking(desk, wait, direction)
    assert desk.post(f"/calls/{call.pk}/transfer/", {"to": bob.pk}).status_code == 202
    wait(2)
    assert (shown(call)["ringing"], shown(call)["transfer_to"]["name"]) == ([bob.pk], "bob")
    other = Client()
    other.force_login(bob)
    assert other.post("/calls/simulate/pick-up/", {"call": call.pk}).status_code == 202
    wait(2)
    assert (shown(call)["state"], shown(call)["answered_by"]["name"]) == ("in-progress", "bob")
    assert standings([alice, bob]) == {alice.pk: Standing.AVAILABLE, bob.pk: Standing.BUSY}
    assert [leg.to_number for leg in agents_in(call)] == [phone(bob)]
    assert other.post(f"/calls/{call.pk}/hangup/").status_code == 202
    wait(2)
    assert (shown(call)["state"], shown(call)["outcome"]) == ("completed", "answered")
    assert shown(call)["ended_at"] >= shown(call)["at"] - 1500
    assert standings([alice, bob])[bob.pk] == Standing.AVAILABLE


def agents_in(call: Call) -> list[Report]:
    """Return the legs of agents who are connected, as the company knows them."""
    legs = Simulator(SITE).fetch(call.sid).all()
    return [leg for leg in legs if leg.state == "in-progress" and agent_at(leg.to_number)]


@pytest.mark.parametrize(
    ("direction", "waits"), [("incoming", True), ("outgoing", True), ("incoming", False)]
)
def test_a_call_that_the_other_agent_does_not_take(
    online: None, desk: Client, wait: Wait, direction: str, bob: Any, waits: bool
) -> None:
    call = talking(desk, wait, direction)
    desk.post(f"/calls/{call.pk}/transfer/", {"to": bob.pk})
    wait(2)
    (hers,) = agents_in(call)
    if not waits:
        Simulator(SITE).end_leg(hers.sid)
    wait(32)
    assert [leg.sid for leg in agents_in(call)] == ([hers.sid] if waits else [])
    if waits:
        assert (shown(call)["state"], shown(call)["ringing"]) == ("in-progress", [])
        assert shown(call)["answered_by"]["name"] == "alice"
    else:
        # Nobody is there for the customer, who doesn't wait in an empty conference.
        assert CompanysLeg.objects.filter(twiml__contains="<Record").count() == 1


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_who_hands_a_call_over_may_hang_up_before_the_other_answers(
    online: None, desk: Client, wait: Wait, direction: str, alice: Any, bob: Any
) -> None:
    call = talking(desk, wait, direction)
    desk.post(f"/calls/{call.pk}/transfer/", {"to": bob.pk})
    wait(2)
    (hers,) = agents_in(call)
    Simulator(SITE).end_leg(hers.sid)
    wait(2)
    assert shown(call)["state"] == "in-progress"
    other = Client()
    other.force_login(bob)
    other.post("/calls/simulate/pick-up/", {"call": call.pk})
    wait(2)
    assert (shown(call)["state"], shown(call)["answered_by"]["name"]) == ("in-progress", "bob")
    assert [leg.to_number for leg in agents_in(call)] == [phone(bob)]


def test_a_lost_answer_is_found_by_asking(
    online: None, call: Call, desk: Client, wait: Wait
) -> None:
    desk.post("/calls/simulate/lose-answered/")
    desk.post("/calls/simulate/pick-up/", {"call": call.pk})
    wait(1)
    assert shown(call)["state"] == "ringing"
    sweep_at(Call.objects.get(pk=call.pk).check_at)
    assert shown(call)["state"] == "in-progress"


def sweep_at(instant: Any) -> None:
    assert instant is not None
    sweep(instant + timedelta(seconds=1))


def test_lost_finals_are_found_by_asking(desk: Client, wait: Wait) -> None:
    call = talking(desk, wait, "incoming")
    desk.post("/calls/simulate/lose-finals/")
    desk.post("/calls/simulate/caller-hangs-up/")
    wait(1)
    assert shown(call)["state"] == "in-progress"
    sweep_at(Call.objects.get(pk=call.pk).check_at)
    assert shown(call)["state"] == "completed"


def test_a_call_whose_placing_timed_out_is_found_again(desk: Client, wait: Wait) -> None:
    desk.post("/calls/simulate/rest-timeout/")
    desk.post("/calls/", {"to": "+15550100199"})
    call = Call.objects.get()
    assert call.sid is None
    desk.post("/calls/simulate/behave/")
    wait(1)
    call.refresh_from_db()
    assert call.sid is not None
    assert Call.objects.count() == 1


def test_an_error_of_the_company_is_said_and_the_answer_can_be_tried_again(
    call: Call, desk: Client, wait: Wait
) -> None:
    desk.post("/calls/simulate/rest-error/")
    response = desk.post(f"/calls/{call.pk}/answer/")
    assert response.status_code == 502
    desk.post("/calls/simulate/behave/")
    assert desk.post(f"/calls/{call.pk}/answer/").status_code == 202


@pytest.fixture
def begin_demo(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    monkeypatch.setattr("project.management.commands.demo.serve", lambda: None)
    settings.PORT = 0
    return lambda: call_command("demo", stdout=StringIO())


def test_a_demo_begins_without_the_calls_of_the_last_one(
    call: Call, desk: Client, wait: Wait, online: None, begin_demo: Callable[[], None]
) -> None:
    desk.post(f"/calls/{call.pk}/answer/")
    wait(1)
    obey("rest-error", timezone.now())
    desk.post("/calls/simulate/")
    wait(1)
    assert [shown(one)["state"] for one in Call.objects.active()] == ["ringing", "in-progress"]
    begin_demo()
    assert not Call.objects.active().exists()
    assert shown(call)["outcome"] == "answered"
    wait(60)
    assert not Call.objects.active().exists()
    desk.post("/calls/simulate/")
    wait(1)
    assert Call.objects.active().count() == 1  # The company works.


def test_a_site_that_others_reach_keeps_its_calls(
    call: Call, settings: Any, begin_demo: Callable[[], None]
) -> None:
    settings.AT_HOME = False
    User.objects.all().delete()  # It refuses to begin with the demo's.
    begin_demo()
    assert Call.objects.active().count() == 1

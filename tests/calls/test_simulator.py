"""The simulated phone company on a real server, over real HTTP, as the site uses it."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from calls.models import Call
from calls.simulator import service
from calls.simulator.models import Leg
from calls.telephony import (
    CallOver,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    TelephonyError,
)
from calls.telephony.simulator import Simulator

NOBODY = "http://127.0.0.1:9"  # the discard port, which has no server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = settings.TWILIO_NUMBER = ""


@pytest.fixture
def company(live_server: Any, agents: None) -> Simulator:
    return Simulator(live_server.url)


@pytest.fixture
def call(company: Simulator) -> Call:
    return Call.objects.get(sid=company.call_in("+15550100123"))


def test_somebody_calls_us(company: Simulator, call: Call) -> None:
    assert (call.state, call.direction, call.from_number) == ("ringing", "inbound", "+15550100123")


def test_the_company_says_of_a_call_what_is_true(company: Simulator, call: Call) -> None:
    report = company.fetch(str(call.sid))
    assert (report.sid, report.direction, report.from_number) == (
        call.sid,
        "inbound",
        "+15550100123",
    )


def test_a_server_plays_a_call_that_an_agent_simulates(
    company: Simulator, live_server: Any, alice: Any
) -> None:
    desk = Client(headers={"Host": live_server.url.removeprefix("http://")})
    desk.force_login(alice)
    assert desk.post("/calls/simulate/", {"from": "+15550100111"}).status_code == 202
    assert not Call.objects.exists()  # A view that waited for its own site would wait for itself.
    company_of_the_server = service.Service()
    company_of_the_server.run()
    company_of_the_server.wait_for_webhooks()
    assert Call.objects.get().from_number == "+15550100111"


def test_a_real_company_is_not_played(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC1"
    assert service.Service().run() is None


def test_a_call_is_placed_and_found(company: Simulator, alice: Any) -> None:
    from django.utils import timezone

    call = Call(direction="outbound", to_number="+15550100199", pk=1)
    placed = company.place(call, alice)
    assert (placed.state, placed.from_number) == ("queued", "+15550100000")
    (found,) = company.placed_since(alice, timezone.now())
    assert found.sid == placed.sid


def test_what_goes_wrong_is_said_as_with_twilio(company: Simulator, call: Call) -> None:
    company.hang_up(call)
    with pytest.raises(CallOver):
        company.hang_up(call)
    with pytest.raises(NoSuchCall):
        company.fetch("CAunknown")
    call_command("simulate", "rest-timeout")
    with pytest.raises(OutcomeUnknown):
        company.end_leg(str(call.sid))
    with pytest.raises(NotAsked):
        company.fetch(str(call.sid))


def test_a_site_that_can_not_be_reached() -> None:
    with pytest.raises(TelephonyError, match=f"The site at {NOBODY} took no call: Connect"):
        Simulator(NOBODY).call_in("+15550100123")
    assert Leg.objects.get().state == "failed"


def test_a_site_with_another_key_refuses(
    company: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.simulator.webhooks.auth_token", lambda: "guessed")
    with pytest.raises(TelephonyError, match="took no call: 403 Forbidden"):
        company.call_in("+15550100123")
    assert not Call.objects.exists()


def test_the_token_depends_on_the_sites_key(settings: Any) -> None:
    before = Simulator(NOBODY).auth_token
    settings.SECRET_KEY = "another"
    assert Simulator(NOBODY).auth_token != before


def test_the_command_prints_the_sid(
    company: Simulator, live_server: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", NOBODY)  # is for outgoing requests, not for this site
    call_command("simulate_call", "--url", live_server.url, "--from", "+15550100155")
    assert capsys.readouterr().out == f"{Call.objects.get(from_number='+15550100155').sid}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", NOBODY], "took no call"),
        (["--url", "nonsense"], "took no call"),
        (["--from", "5550100"], "Enter a phone number"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("simulate_call", *arguments)


def test_a_caller_may_hide_the_number(live_server: Any) -> None:
    call_command("simulate_call", "--url", live_server.url, "--from", "anonymous")
    shown = Call.objects.get(from_number="anonymous").data()
    assert (shown["from"], shown["number"]) == ("anonymous", "anonymous")


@pytest.mark.parametrize("command", [["simulate_call"], ["simulate", "behave"]])
def test_the_commands_do_nothing_beside_a_real_company(settings: Any, command: list[str]) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC1"
    with pytest.raises(CommandError, match="TWILIO_ACCOUNT_SID is set"):
        call_command(*command)

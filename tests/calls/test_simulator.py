"""The simulated phone company, whose webhooks go over real HTTP to a real server."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from calls.models import Call
from calls.telephony import TelephonyError, simulator
from calls.telephony.simulator import Simulator, in_background

NOBODY = "http://127.0.0.1:9"  # the discard port, which has no server
Jobs = list[Callable[[], Any]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = ""


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the company waits between its webhooks; here no time passes."""
    waited: list[float] = []
    monkeypatch.setattr(simulator.time, "sleep", waited.append)
    return waited


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The company's background jobs, which the test runs."""
    begun: Jobs = []

    def keep(function: Callable[..., Any], *arguments: Any) -> None:
        begun.append(lambda: function(*arguments))

    monkeypatch.setattr("calls.telephony.simulator.in_background", keep)
    monkeypatch.setattr("calls.views.in_background", keep)
    return begun


@pytest.fixture
def company(live_server: Any, agents: None) -> Simulator:
    return Simulator(live_server.url)


@pytest.fixture
def call(company: Simulator) -> Call:
    return Call.objects.get(sid=company.call_in("+15550100123"))


def states(changes: list[tuple[str | None, str, int]]) -> list[str]:
    return [state for _, state, _ in changes]


def test_somebody_calls_us(company: Simulator, call: Call) -> None:
    assert (call.state, call.direction, call.from_number) == ("ringing", "inbound", "+15550100123")


def test_nobody_answers(call: Call, jobs: Jobs, waits: list[float]) -> None:
    (ring_out,) = jobs
    ring_out()
    assert waits == [30]
    call.refresh_from_db()
    assert (call.state, call.sequence) == ("no-answer", 0)


def test_the_agent_who_answers_has_the_call(
    company: Simulator, call: Call, jobs: Jobs, bob: Any, caplog: pytest.LogCaptureFixture
) -> None:
    company.answer(call, bob)
    ring_out, pick_up = jobs
    pick_up()
    ring_out()
    call.refresh_from_db()
    assert (call.state, call.answered_by) == ("in-progress", bob)
    assert "webhook ignored" not in caplog.text


def test_hanging_up_after_an_answer(company: Simulator, call: Call, jobs: Jobs, alice: Any) -> None:
    company.answer(call, alice)
    jobs.pop()()
    call.refresh_from_db()
    Call.objects.filter(pk=call.pk).update(answered_at=call.answered_at - timedelta(seconds=75))
    company.hang_up(call)
    jobs.pop()()
    call.refresh_from_db()
    assert (call.state, call.duration) == ("completed", 75)


def test_declining_cancels_the_call(company: Simulator, call: Call, jobs: Jobs) -> None:
    company.hang_up(call)
    jobs.pop()()
    call.refresh_from_db()
    assert (call.state, call.duration) == ("canceled", None)


def placed(company: Simulator, alice: Any) -> Call:
    sid, state, from_number = company.place("+15550100199", alice)
    new = {"direction": "outbound", "from_number": from_number, "to_number": "+15550100199"}
    return Call.objects.record(sid, state, **new)


def test_an_outgoing_call_is_picked_up(
    company: Simulator, jobs: Jobs, alice: Any, changes: Any, waits: list[float]
) -> None:
    call = placed(company, alice)
    jobs.pop()()
    assert states(changes) == ["queued", "initiated", "ringing", "in-progress"]
    assert waits == [1, 1, 3]
    call.refresh_from_db()
    assert call.sequence == 2
    company.hang_up(call)
    jobs.pop()()
    call.refresh_from_db()
    assert (call.state, call.sequence) == ("completed", 3)


def test_an_outgoing_call_that_is_hung_up_is_not_picked_up(
    company: Simulator, jobs: Jobs, alice: Any, changes: Any
) -> None:
    call = placed(company, alice)
    company.hang_up(call)
    go_on, hang_up = jobs
    hang_up()
    go_on()
    assert states(changes) == ["queued", "canceled"]


def test_a_call_from_the_desk_to_its_end(
    company: Simulator, jobs: Jobs, live_server: Any, alice: Any
) -> None:
    desk = Client(headers={"Host": live_server.url.removeprefix("http://")})
    desk.force_login(alice)
    assert desk.post("/calls/simulate/", {"from": "+15550100111"}).status_code == 202
    jobs.pop()()
    (call,) = desk.get("/calls/").json()["calls"]
    assert (call["from"], call["state"]) == ("+15550100111", "ringing")
    assert desk.post(f"/calls/{call['call']}/answer/").status_code == 202
    jobs.pop()()
    assert desk.post(f"/calls/{call['call']}/hangup/").status_code == 202
    jobs.pop()()
    (call,) = desk.get("/calls/").json()["calls"]
    assert (call["state"], call["answered_by"]["name"]) == ("completed", "alice")


def test_the_number_of_a_simulated_call_is_checked(client: Client, alice: Any, jobs: Jobs) -> None:
    client.force_login(alice)
    assert client.post("/calls/simulate/", {"from": "me"}).status_code == 400
    assert client.post("/calls/simulate/").status_code == 202
    assert len(jobs) == 1


def test_a_site_that_can_not_be_reached() -> None:
    with pytest.raises(TelephonyError, match=f"The site at {NOBODY} can't be reached"):
        Simulator(NOBODY).call_in("+15550100123")


def test_a_site_with_another_key_refuses(company: Simulator) -> None:
    company.auth_token = "guessed"
    with pytest.raises(TelephonyError, match="refused the webhook: 403 Forbidden"):
        company.call_in("+15550100123")
    assert not Call.objects.exists()


def test_the_token_depends_on_the_sites_key(settings: Any) -> None:
    before = Simulator(NOBODY).auth_token
    settings.SECRET_KEY = "another"
    assert Simulator(NOBODY).auth_token != before


def test_what_fails_in_the_background_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Inline:
        def __init__(self, target: Callable[[], None], **options: Any) -> None:
            self.start = target

    monkeypatch.setattr(simulator.threading, "Thread", Inline)
    monkeypatch.setattr(simulator.connection, "close", lambda: None)
    in_background(Simulator(NOBODY).call_in, "+15550100123")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "doing=call_in" in record.getMessage()
    assert "can't be reached" in record.getMessage()


def test_the_command_prints_the_sid(
    company: Simulator, live_server: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", NOBODY)  # is for outgoing requests, not for this site
    call_command("simulate_call", "--url", live_server.url, "--from", "+15550100155")
    assert capsys.readouterr().out == f"{Call.objects.get(from_number='+15550100155').sid}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", NOBODY], "can't be reached"),
        (["--url", "nonsense"], "can't be reached"),
        (["--from", "5550100"], "Enter a phone number"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("simulate_call", *arguments)


def test_the_command_simulates_nothing_beside_a_real_company(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC1"
    with pytest.raises(CommandError, match="TWILIO_ACCOUNT_SID is set"):
        call_command("simulate_call")

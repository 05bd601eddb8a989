"""Steps are played once and in their order; webhooks are tried again, or lost, as Twilio's are."""

import socket
import subprocess
from datetime import timedelta

import pytest

from calls.simulator import incoming, player
from calls.simulator.legs import notify
from calls.simulator.models import Step
from calls.simulator.overrides import Failure
from calls.simulator.webhooks import Answer
from tests.calls.simulator.town import SITE, Town, dial

ALL = "#rc=5&rp=all"


def test_what_was_due_while_nobody_played_is_played_with_its_own_time(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(300)
    leg = town.rest("GET", "Calls", ParentCallSid=call.sid)["calls"][0]
    assert leg["status"] == "no-answer"
    call.refresh_from_db()
    assert call.ended_at == town.began + timedelta(seconds=30)


def test_a_step_that_a_process_has_leased_is_not_taken_by_another(town: Town) -> None:
    call = town.call_in()  # Its TwiML ends it, which is a webhook.
    town.wait(0)
    Step.objects.all().delete()
    notify(call, f"{SITE}/status/", town.now, {})
    assert player.take(town.now) is not None
    assert player.take(town.now) is None


def test_the_webhooks_of_a_leg_are_sent_in_order(town: Town) -> None:
    call = town.call_in()
    notify(call, f"{SITE}/first/", town.now, {})
    notify(call, f"{SITE}/second/", town.now, {})
    first = player.take(town.now)
    assert first is not None and "first" in first.data["url"]
    assert player.take(town.now) is None
    player.settle(first, Answer())
    second = player.take(town.now)
    assert second is not None and "second" in second.data["url"]


def test_a_slow_site_holds_up_a_legs_webhooks_for_a_while_only(town: Town) -> None:
    call = town.call_in()
    notify(call, f"{SITE}/first/", town.now, {})
    notify(call, f"{SITE}/second/", town.now, {})
    player.take(town.now)
    assert player.take(town.now + timedelta(seconds=2.1)) is not None


def test_a_site_that_can_not_be_reached_is_tried_once_more(town: Town) -> None:
    town.broken = Failure.CONNECT
    call = town.call_in()
    assert town.attempts == 1
    town.wait(0.4)
    assert town.attempts == 1
    town.wait(0.2)
    call.refresh_from_db()
    assert call.state == "failed"
    town.wait(60)
    assert town.attempts == 4  # Two for the call, two for its end.
    assert not Step.objects.exists()


def test_a_site_that_answers_with_an_error_is_not_tried_again(town: Town) -> None:
    town.broken = Failure.BROKEN
    town.call_in()
    town.wait(60)
    assert town.attempts == 2


def test_an_address_may_ask_for_more_attempts(town: Town) -> None:
    town.broken = Failure.BROKEN
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in(voice=f"{SITE}/voice/{ALL}")
    town.wait(3)
    town.broken = None
    town.wait(1)
    assert town.children(call.sid) == {"client:agent_1": "ringing"}


def test_a_restarted_site_has_lost_what_was_sent_into_the_void(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.wait(1)
    town.rest("POST", f"Calls/{call.sid}", Status="completed")
    town.got.clear()
    town.wait(10, since=town.now + timedelta(seconds=9))
    assert town.got == []
    assert town.state(call.sid) == "completed"
    assert not Step.objects.exists()


def test_a_restarted_site_still_gets_what_is_tried_again_for_15_seconds(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    incoming.call_in("+15550100155", voice=f"{SITE}/voice/{ALL}", status="", now=town.now)
    town.got.clear()
    town.wait(10, since=town.now + timedelta(seconds=9))
    assert ("voice", "+15550100155") in [(one.path, one.form["From"]) for one in town.got]


def test_a_process_that_died_while_it_sent_loses_the_webhook_and_the_call_that_waited(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    call = incoming.call_in("+15550100155", voice=f"{SITE}/voice/", status="", now=town.now)
    player.take(town.now)
    end_sender()
    town.wait(0)
    assert town.state(call.sid) == "failed"
    assert "simulator webhook lost" in caplog.text


def test_a_call_that_was_moved_meanwhile_ignores_the_answer_to_its_action(town: Town) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = town.call_in()
    town.now += timedelta(seconds=30)
    action = take_request(town)
    town.rest("POST", f"Calls/{call.sid}", Twiml=dial("agent_2"))
    player.settle(action, Answer("<Response><Hangup/></Response>"))
    town.wait(1)
    assert town.state(call.sid) == "in-progress"
    assert town.children(call.sid)["client:agent_2"] == "in-progress"


def end_sender() -> None:
    """Have the process that sends a webhook be one that has ended."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    Step.objects.update(leased_by=f"{socket.gethostname()}/{dead.pid}")


def test_what_a_process_that_died_was_sending_is_tried_again_where_the_address_asks_for_it(
    town: Town,
) -> None:
    town.twiml["voice"] = dial("agent_1")
    call = incoming.call_in("+15550100155", voice=f"{SITE}/voice/{ALL}", status="", now=town.now)
    player.take(town.now)
    end_sender()
    town.wait(0)
    town.wait(1)
    assert town.children(call.sid) == {"client:agent_1": "ringing"}


def test_a_lease_ends_also_where_nobody_knows_its_process(town: Town) -> None:
    call = incoming.call_in("+15550100155", voice=f"{SITE}/voice/", status="", now=town.now)
    player.take(town.now)
    Step.objects.update(leased_by="elsewhere.example/1")
    town.wait(19)
    assert town.state(call.sid) == "ringing"
    town.wait(2)
    assert town.state(call.sid) == "failed"


def take_request(town: Town) -> Step:
    """Return the request for TwiML, leased, after the webhooks before it."""
    while step := player.take(town.now):
        if step.kind == "request":
            return step
        player.settle(step, Answer())
    raise AssertionError("nothing is asked for")


def test_the_next_step_is_known(town: Town) -> None:
    assert player.next_due() is None
    town.twiml["voice"] = dial("agent_1")
    town.call_in()
    town.wait(1)
    assert player.next_due() == town.began + timedelta(seconds=30)

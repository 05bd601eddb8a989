"""The company carries out TwiML verb after verb, and takes what is wrong for what it is."""

import pytest

from tests.calls.simulator.town import SITE, Town, dial

RECORD = (
    f'<Response><Say>Please speak.</Say><Record maxLength="120" action="{SITE}/recorded/"'
    f' recordingStatusCallback="{SITE}/recorded/"/></Response>'
)


def test_a_caller_leaves_a_message_and_hangs_up(town: Town) -> None:
    town.twiml["voice"] = RECORD
    call = town.call_in()
    town.wait(1)
    assert town.state(call.sid) == "in-progress"
    town.wait(4)
    assert town.state(call.sid) == "completed"
    told = [one.form for one in town.got if one.path == "recorded"]
    assert len({form["RecordingSid"] for form in told}) == 1
    assert {form["RecordingDuration"] for form in told} == {"4"}
    assert [form.get("RecordingStatus") for form in told] == ["completed", None]
    assert told[-1]["Digits"] == "hangup"


def test_the_message_can_be_listened_to(town: Town) -> None:
    town.twiml["voice"] = RECORD
    town.call_in()
    town.wait(5)
    sid = next(one.form["RecordingSid"] for one in town.got if one.path == "recorded")
    sound = town.sound(f"Recordings/{sid}.mp3")
    assert sound[:4] == b"RIFF"
    assert len(sound) > 4 * 8000


def test_a_message_that_reaches_its_greatest_length(town: Town) -> None:
    town.twiml |= {"voice": RECORD.replace('"120"', '"3"'), "recorded": dial("agent_1")}
    call = town.call_in()
    town.wait(5)
    action = [one.form for one in town.got if one.path == "recorded"][-1]
    assert action["RecordingDuration"] == "3"
    assert town.children(call.sid) == {"client:agent_1": "ringing"}


def test_an_agent_takes_a_caller_who_leaves_a_message(town: Town) -> None:
    town.twiml["voice"] = RECORD
    call = town.call_in()
    town.wait(3)
    town.rest("POST", f"Calls/{call.sid}", Twiml=dial("agent_1"))
    town.wait(30)
    assert town.children(call.sid) == {"client:agent_1": "in-progress"}
    assert not [one for one in town.got if one.path == "recorded"]


@pytest.mark.parametrize(("reason", "state"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_call_is_rejected(town: Town, reason: str, state: str) -> None:
    town.twiml["voice"] = f'<Response><Reject reason="{reason}"/></Response>'
    call = town.call_in()
    assert town.heard(call.sid) == [("voice", "ringing"), ("status", state)]


def test_a_call_is_sent_to_another_address(town: Town) -> None:
    town.twiml |= {"voice": "<Response><Redirect>/else/</Redirect></Response>", "else": dial("a")}
    call = town.call_in()
    assert town.heard(call.sid)[1] == ("else", "in-progress")
    town.wait(1)
    assert town.children(call.sid) == {"client:a": "ringing"}


def test_verbs_follow_each_other(town: Town) -> None:
    town.twiml["voice"] = '<Response><Pause length="2"/><Pause/><Hangup/><Pause/></Response>'
    call = town.call_in()
    town.wait(2.9)
    assert town.state(call.sid) == "in-progress"
    town.wait(0.1)
    assert town.state(call.sid) == "completed"


def test_music_without_an_end(town: Town) -> None:
    town.twiml["voice"] = '<Response><Play loop="0">music.mp3</Play></Response>'
    call = town.call_in()
    town.wait(3600)
    assert town.state(call.sid) == "in-progress"


@pytest.mark.parametrize(
    "document",
    [
        "<Response>",
        "<html/>",
        "<Response><Gather/></Response>",
        '<Response><Dial timeout="x"/></Response>',
    ],
)
def test_wrong_twiml_ends_the_call(
    town: Town, document: str, caplog: pytest.LogCaptureFixture
) -> None:
    town.twiml["voice"] = document
    call = town.call_in()
    assert town.heard(call.sid)[-1][0] == "status"
    assert "simulator got wrong twiml" in caplog.text


def test_a_dial_to_nobody_goes_on(town: Town) -> None:
    town.twiml["voice"] = f'<Response><Dial action="{SITE}/dialled/"/></Response>'
    call = town.call_in()
    assert ("dialled", "in-progress") in town.heard(call.sid)

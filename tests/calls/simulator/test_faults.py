"""The words make the company misbehave, in every process, until they are used up or taken back."""

import pytest

from calls.simulator import api, faults, words
from calls.simulator.faults import Fault
from calls.simulator.incoming import NobodyThere
from tests.calls.simulator.town import Town, dial


def answered(town: Town) -> tuple[str, str]:
    """Return the sids of a call and of the phone that was picked up."""
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(1)
    return call.sid, town.pick_up(call.sid, "agent_1")


def states(town: Town, leg: str) -> list[str]:
    return [state for _, state in town.heard(leg)]


def test_the_next_answered_is_lost_and_only_that(town: Town) -> None:
    words.obey("lose-answered", town.now)
    _, leg = answered(town)
    assert states(town, leg) == ["initiated", "ringing"]
    _, other = answered(town)
    assert states(town, other) == ["initiated", "ringing", "in-progress"]


def test_a_lost_webhook_has_a_number_nevertheless(town: Town) -> None:
    words.obey("lose-answered", town.now)
    call, leg = answered(town)
    town.rest("POST", f"Calls/{call}", Status="completed")
    town.wait(0)
    numbers = [one.form["SequenceNumber"] for one in town.got if one.form["CallSid"] == leg]
    assert numbers == ["0", "1", "3"]


def test_all_finals_are_lost_until_it_behaves(town: Town) -> None:
    words.obey("lose-finals", town.now)
    for _ in range(2):
        call, leg = answered(town)
        town.rest("POST", f"Calls/{call}", Status="completed")
        town.wait(0)
        assert states(town, leg)[-1] == "in-progress"
        assert town.heard(call) == [("voice", "ringing")]
    words.obey("behave", town.now)
    call, leg = answered(town)
    town.rest("POST", f"Calls/{call}", Status="completed")
    town.wait(0)
    assert ("status", "completed") in town.heard(call)


def test_everything_comes_twice(town: Town) -> None:
    words.obey("twice", town.now)
    _, leg = answered(town)
    assert states(town, leg) == [
        "initiated",
        "initiated",
        "ringing",
        "ringing",
        "in-progress",
        "in-progress",
    ]


def test_everything_comes_late(town: Town) -> None:
    words.obey("late", town.now)
    _, leg = answered(town)
    town.wait(8.9)
    assert states(town, leg) == []  # The first was due a second before this leg was picked up.
    town.wait(1.2)
    assert states(town, leg) == ["initiated", "ringing", "in-progress"]


def test_what_is_late_is_overtaken_by_what_is_not(town: Town) -> None:
    words.obey("late", town.now)
    call, leg = answered(town)
    words.obey("behave", town.now)
    town.rest("POST", f"Calls/{call}", Status="completed")
    town.wait(0)
    assert states(town, leg) == ["completed"]
    town.wait(11)
    assert states(town, leg) == ["completed", "initiated", "ringing", "in-progress"]


def test_requests_for_twiml_are_never_late(town: Town) -> None:
    words.obey("late", town.now)
    words.obey("lose-finals", town.now)
    town.twiml["voice"] = dial("agent_1", timeout=5)
    call = town.call_in()
    town.wait(5)
    assert ("dialled", "in-progress") in town.heard(call.sid)


def test_an_error_does_nothing(town: Town) -> None:
    call, _ = answered(town)
    words.obey("rest-error", town.now)
    assert town.rest("POST", f"Calls/{call}", Status="completed")["status"] == 500
    words.obey("behave", town.now)
    assert town.state(call) == "in-progress"


@pytest.mark.parametrize(
    ("word", "state"), [("rest-timeout", "completed"), ("rest-lost", "in-progress")]
)
def test_after_a_time_out_it_is_done_or_not(town: Town, word: str, state: str) -> None:
    call, _ = answered(town)
    words.obey(word, town.now)
    with pytest.raises(api.NoAnswer):
        town.rest("POST", f"Calls/{call}", Status="completed")
    words.obey("behave", town.now)
    assert town.state(call) == state


def test_a_word_counts_once(town: Town) -> None:
    faults.add(Fault.LOSE_ANSWERED)
    faults.add(Fault.LOSE_ANSWERED)
    assert faults.active() == {Fault.LOSE_ANSWERED}


def test_the_caller_hangs_up(town: Town) -> None:
    call, leg = answered(town)
    words.obey("caller-hangs-up", town.now)
    town.wait(0)
    assert (town.state(call), town.state(leg)) == ("completed", "completed")


@pytest.mark.parametrize("word", ["caller-hangs-up", "two-agents"])
def test_a_word_that_needs_a_call(town: Town, word: str) -> None:
    with pytest.raises(NobodyThere):
        words.obey(word, town.now)


def test_an_unknown_word(town: Town) -> None:
    with pytest.raises(words.UnknownWord, match="say behave, lose-answered"):
        words.obey("explode", town.now)


def test_each_fault_has_a_word() -> None:
    assert {one.word for one in words.WORDS} >= set(Fault)

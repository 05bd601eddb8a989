"""Until when a call's state is believed, and when the company is asked again."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from calls import certainty
from calls.certainty import check_at, retry_at, unchanged_at
from calls.states import FINAL, State
from calls.telephony.twiml import RING_SECONDS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def seconds(instant: datetime | None) -> float | None:
    return None if instant is None else (instant - NOW).total_seconds()


@pytest.mark.parametrize(
    ("state", "believed"),
    [
        (State.QUEUED, 40),
        (State.INITIATED, 40),
        (State.RINGING, 40),
        (State.IN_PROGRESS, 600),
        *((state, None) for state in FINAL),
    ],
)
def test_each_state_is_believed_for_a_time(state: State, believed: float | None) -> None:
    assert seconds(check_at(state, now=NOW)) == believed


@pytest.mark.parametrize("state", FINAL)
def test_an_end_of_which_something_is_missing_is_asked_for_once_more(state: State) -> None:
    assert seconds(check_at(state, now=NOW, complete=False)) == 10


def test_a_caller_in_voice_mail_may_speak_for_two_minutes() -> None:
    assert seconds(check_at(State.RINGING, now=NOW, voicemail=True)) == 140


@pytest.mark.parametrize(("claimed", "believed"), [(30, 8), (22, 22), (10, 10), (-1, -1)])
def test_a_claim_is_looked_after_when_it_should_have_led_to_a_talk_and_at_its_end(
    claimed: int, believed: int
) -> None:
    until = NOW + timedelta(seconds=claimed)
    assert seconds(check_at(State.RINGING, now=NOW, claimed_until=until)) == believed


def test_a_call_that_is_over_has_no_claim_to_look_after() -> None:
    assert check_at(State.COMPLETED, now=NOW, claimed_until=NOW) is None


@pytest.mark.parametrize(("asked", "believed"), [(0, 15), (-10, 5), (-60, 0)])
def test_a_call_that_the_company_has_not_named_is_looked_for(asked: int, believed: int) -> None:
    since = NOW + timedelta(seconds=asked)
    for state in (State.QUEUED, State.FAILED):
        found = check_at(state, now=NOW, unplaced_since=since, complete=False)
        assert seconds(found) == min(believed, 10 if state == State.FAILED else believed)


def test_a_talk_that_is_handed_over_or_interrupted_is_asked_for_sooner() -> None:
    assert seconds(check_at(State.IN_PROGRESS, now=NOW, transferred=True)) == 40
    assert seconds(check_at(State.IN_PROGRESS, now=NOW, transferred=True, connected=False)) == 5
    assert seconds(check_at(State.RINGING, now=NOW, connected=False)) == 40


def test_the_pause_after_failures_grows_up_to_a_minute() -> None:
    pauses = [seconds(retry_at(NOW, failures)) for failures in (1, 2, 3, 4, 5, 6, 7, 10**6)]
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(("age", "pause"), [(0, 5), (40, 20), (60, 30), (120, 60), (86400, 60)])
def test_an_unchanged_call_is_asked_for_more_and_more_seldom(age: int, pause: int) -> None:
    changed_at = NOW - timedelta(seconds=age)
    assert seconds(unchanged_at(now=NOW, changed_at=changed_at, talking=False)) == pause


def test_a_talk_is_asked_for_every_ten_minutes() -> None:
    changed_at = NOW - timedelta(hours=3)
    assert seconds(unchanged_at(now=NOW, changed_at=changed_at, talking=True)) == 600


def test_the_pause_is_not_longer_than_a_claim() -> None:
    long_ago, until = NOW - timedelta(seconds=40), NOW + timedelta(seconds=3)
    again = unchanged_at(now=NOW, changed_at=long_ago, talking=False, claimed_until=until)
    assert again == until


def test_phones_ring_as_long_as_the_rules_say() -> None:
    assert timedelta(seconds=RING_SECONDS) == certainty.RING


def test_the_rules_need_no_django() -> None:
    program = "import calls.certainty, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

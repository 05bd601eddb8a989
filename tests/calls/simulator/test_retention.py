"""Which calls the company still knows."""

from datetime import timedelta

import pytest

from calls.simulator import retention
from calls.simulator.models import Conference, Direction, Leg, Recording
from calls.simulator.retention import KEPT, forget_legs
from calls.states import State
from tests.calls.simulator.town import Town


def call(town: Town, sid: str, *, ended_hours_ago: int | None, parent: Leg | None = None) -> Leg:
    """Make a leg that is over since some hours, or goes on."""
    over = ended_hours_ago is not None
    return Leg.objects.create(
        sid=sid,
        parent=parent,
        direction=Direction.INBOUND,
        state=State.COMPLETED if over else State.IN_PROGRESS,
        created_at=town.now - timedelta(days=3),
        ended_at=town.now - timedelta(hours=ended_hours_ago) if over else None,
    )


def test_calls_are_kept_for_a_day(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for hours in (23, 25, 26, 27, 28):
        call(town, f"{hours} h", ended_hours_ago=hours)
    call(town, "goes on", ended_hours_ago=None)
    forget_legs(town.now)
    assert set(Leg.objects.values_list("sid", flat=True)) == {"23 h", "goes on"}


def test_a_call_goes_with_all_its_legs_or_stays(town: Town) -> None:
    old, outlasted = (call(town, sid, ended_hours_ago=30) for sid in ("old", "outlasted"))
    for number in range(2):
        call(town, f"of old {number}", ended_hours_ago=30, parent=old)
        call(town, f"of outlasted {number}", ended_hours_ago=None, parent=outlasted)
    forget_legs(town.now)
    assert {leg.sid.removeprefix("of ")[:3] for leg in Leg.objects.all()} == {"out"}


def test_a_message_can_be_played_as_long_as_the_desk_lists_it(town: Town) -> None:
    Recording.objects.create(leg=call(town, "said", ended_hours_ago=30), seconds=4)
    forget_legs(town.now)
    assert Recording.objects.get().leg.sid == "said"


def test_conferences_go_with_their_legs(town: Town) -> None:
    ended = town.now - KEPT - timedelta(hours=1)
    for name in ("gone", "kept"):
        conference = Conference.objects.create(name=name, ended_at=ended)
        leg = call(town, name, ended_hours_ago=30 if name == "gone" else None)
        Leg.objects.filter(pk=leg.pk).update(conference=conference)
    forget_legs(town.now)
    assert Conference.objects.get().name == "kept"

"""``<Dial>``: phones ring, one of them is connected, and the call goes on when that is over."""

from datetime import datetime, timedelta

from calls.simulator import conferences
from calls.simulator.legs import new_leg
from calls.simulator.models import Direction, Kind, Leg, cancel, schedule
from calls.simulator.people import Plan, plan
from calls.simulator.twiml import Dial, Target
from calls.states import ACTIVE, State


def begin(leg: Leg, dial: Dial, at: datetime) -> None:
    """Ring all phones together, or connect the leg with a conference."""
    if dial.room:
        conferences.join(leg, dial.room)
    elif not dial.targets:
        schedule(leg, Kind.GO_ON, at, result={"DialCallStatus": State.FAILED})
    else:
        for target in dial.targets:
            _ring(leg, dial, target, at)
        schedule(leg, Kind.TIMEOUT, at + timedelta(seconds=dial.timeout))


def _ring(leg: Leg, dial: Dial, target: Target, at: datetime) -> None:
    child = new_leg(
        Direction.OUTBOUND_DIAL,
        State.QUEUED,
        at,
        parent=leg,
        dialled_by=leg,
        from_address=dial.caller_id or leg.from_address,
        to_address=target.address,
        callback=target.callback,
        callback_events=list(target.events),
        base_url=leg.base_url,
    )
    alone = len(dial.targets) == 1 and _is_answered_by_hand(leg)
    follow(child, plan(target.address, alone_by_rest=alone), at)


def _is_answered_by_hand(leg: Leg) -> bool:
    """Say whether a request moves a caller who waits; one who has talked is being transferred."""
    talked = leg.children.exclude(answered_at=None).exists()
    return leg.by_rest and leg.direction == Direction.INBOUND and not talked


def follow(leg: Leg, moves: Plan, at: datetime) -> None:
    """Have a leg that begins at an instant make these moves."""
    for seconds, state in moves:
        schedule(leg, Kind.MOVE, at + timedelta(seconds=seconds), state=state)


def live(leg: Leg) -> list[Leg]:
    """Return the legs that a leg's ``<Dial>`` rings or connects now."""
    return list(leg.dialled.filter(state__in=ACTIVE).order_by("pk"))


def connected(leg: Leg) -> Leg | None:
    """Return the phone that a leg's ``<Dial>`` connects it with."""
    return leg.dialled.filter(state=State.IN_PROGRESS).order_by("answered_at", "pk").first()


def child_answered(child: Leg, at: datetime) -> None:
    """Connect a phone that was picked up, unless another one was faster; the others stop."""
    if (leg := child.dialled_by) is None:
        return
    first = connected(leg)
    for other in live(leg):
        if other != first:
            schedule(other, Kind.END, at)


def child_ended(child: Leg, at: datetime) -> None:
    """Go on after ``<Dial>`` if this was its connected phone, or the last that rang."""
    leg = child.dialled_by
    if leg is not None and not live(leg):
        over(leg, child, at)


def over(leg: Leg, child: Leg, at: datetime) -> None:
    """End a leg's ``<Dial>``, of which ``child`` decides the outcome."""
    answered = leg.dialled.exclude(answered_at=None).order_by("answered_at", "pk").first()
    result = _result(answered or child, at)
    release(leg, at)
    schedule(leg, Kind.GO_ON, at, result=result)


def release(leg: Leg, at: datetime, *, stays: Leg | None = None) -> None:
    """Let a ``<Dial>`` have no phones any more; all that are on but ``stays`` end."""
    cancel(leg, Kind.TIMEOUT)
    for child in live(leg):
        if child != stays:
            schedule(child, Kind.END, at)
    leg.dialled.update(dialled_by=None)


def timed_out(leg: Leg, at: datetime) -> None:
    """Have the phones ring no longer, as nobody has answered."""
    for child in live(leg):
        schedule(child, Kind.MOVE, at, state=State.NO_ANSWER)


def interrupt(leg: Leg, at: datetime) -> dict[str, str]:
    """End a leg's ``<Dial>`` from outside; returns what its action gets."""
    if leg.conference is not None:
        conferences.leave(leg, at)
        return conferences.LEFT
    child = connected(leg) or leg.dialled.order_by("pk").last()
    release(leg, at)
    return _result(child, at) if child else {"DialCallStatus": State.CANCELED}


def redirect(child: Leg, at: datetime) -> None:
    """Take a connected phone out of its ``<Dial>``, after which that call goes on without it."""
    leg = child.dialled_by
    if leg is not None:
        release(leg, at, stays=child)
        schedule(leg, Kind.GO_ON, at, result=_result(child, at))


def _result(child: Leg, at: datetime) -> dict[str, str]:
    state = child.state if child.is_over else State.CANCELED
    result = {"DialCallStatus": str(state), "DialCallSid": child.sid}
    if child.answered_at is not None:
        seconds = ((child.ended_at or at) - child.answered_at).total_seconds()
        result["DialCallStatus"] = State.COMPLETED
        result["DialCallDuration"] = str(round(seconds))
    return result

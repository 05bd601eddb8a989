"""What people with telephones do: call, pick up, hang up."""

from datetime import datetime

from calls.simulator import lines
from calls.simulator.account import OUR_NUMBER
from calls.simulator.legs import new_leg, request
from calls.simulator.models import Direction, Kind, Leg, Step, locked_exchange, schedule
from calls.simulator.people import CLIENT
from calls.simulator.player import Post, give_up, lease, settle, settle_now
from calls.simulator.webhooks import post
from calls.states import ACTIVE, State


class NobodyThere(Exception):
    """No phone is in the state that somebody needs; the text is a sentence."""


class SiteFailed(Exception):
    """The site didn't take a call; the text says what came back."""


def call_in(from_number: str, *, voice: str, status: str, now: datetime) -> Leg:
    """Call the site's number, which has these two addresses for webhooks; a server goes on."""
    with locked_exchange():
        return _ring(from_number, voice, status, now).leg


def call_in_here(
    from_number: str, *, voice: str, status: str, now: datetime, post: Post = post
) -> Leg:
    """Call the site's number, and ask the site in this process what to do.

    Raises ``SiteFailed``, and the call is over, if there is no answer to the only attempt.
    """
    with locked_exchange():
        step = _ring(from_number, voice, status, now)
        lease(step, now)
    answer = post(step.data["url"], step.data["form"])
    if answer.failure is None:
        settle(step, answer)
        return step.leg
    with locked_exchange():
        give_up(step, answer.detail)
    raise SiteFailed(answer.detail)


def _ring(from_number: str, voice: str, status: str, now: datetime) -> Step:
    leg = new_leg(
        Direction.INBOUND,
        State.RINGING,
        now,
        from_address=from_number,
        to_address=OUR_NUMBER,
        callback=status,
        callback_events=["completed"],
        base_url=voice,
    )
    return request(leg, voice, now, {})


def pick_up(sid: str, client: str, now: datetime) -> Leg:
    """Have a client's phone picked up that rings for a call; without a client, the first.

    Raises ``NobodyThere``.
    """
    with locked_exchange():
        settle_now(now)
        ringing = [leg for leg in family(sid) if is_ringing_client(leg)]
        leg = next((one for one in ringing if one.to_address == client or not client), None)
        if leg is None:
            raise NobodyThere("No phone of this call rings there.")
        schedule(leg, Kind.MOVE, now, state=State.IN_PROGRESS)
        settle_now(now)
    return leg


def reject(sid: str, client: str, now: datetime) -> Leg:
    """Have a client's phone refuse a call that it rings for. Raises ``NobodyThere``."""
    with locked_exchange():
        settle_now(now)
        legs = [leg for leg in family(sid) if is_ringing_client(leg) and leg.to_address == client]
        if not legs:
            raise NobodyThere("No phone of this call rings there.")
        schedule(legs[0], Kind.MOVE, now, state=State.BUSY)
        settle_now(now)
    return legs[0]


def hang_up(sid: str, client: str, now: datetime) -> Leg:
    """Have a client hang up that is in a call. Raises ``NobodyThere``."""
    with locked_exchange():
        settle_now(now)
        leg = listen(sid, client, now)
        lines.end(leg, now)
        settle_now(now)
    return leg


def listen(sid: str, client: str, now: datetime) -> Leg:
    """Return a client's leg that is in a call, as its phone can hear. Raises ``NobodyThere``."""
    talks = [leg for leg in family(sid) if leg.state == State.IN_PROGRESS]
    leg = next((one for one in talks if one.to_address == client), None)
    if leg is None:
        raise NobodyThere("This phone isn't in the call.")
    return leg


def two_pick_up(now: datetime) -> Leg:
    """Have two phones of the newest call picked up at the same instant; the first is connected.

    Raises ``NobodyThere``.
    """
    with locked_exchange():
        settle_now(now)
        for call in active_calls(Direction.INBOUND):
            ringing = [leg for leg in family(call.sid) if is_ringing_client(leg)][:2]
            if len(ringing) == 2:
                for leg in ringing:
                    schedule(leg, Kind.MOVE, now, state=State.IN_PROGRESS)
                settle_now(now)
                return call
    raise NobodyThere("No call rings at two phones.")


def caller_hangs_up(now: datetime) -> Leg:
    """Have the caller of the newest call hang up. Raises ``NobodyThere``."""
    with locked_exchange():
        settle_now(now)
        call = next(iter(active_calls(Direction.INBOUND)), None)
        if call is None:
            raise NobodyThere("No caller is in a call.")
        lines.end(call, now)
        settle_now(now)
    return call


def close(now: datetime) -> None:
    """Have everybody hang up and nothing happen any more; the company behaves again.

    For a demo that begins again: nobody is there who would put down a phone of the last one.
    """
    with locked_exchange() as exchange:
        for leg in Leg.objects.filter(state__in=ACTIVE).order_by("pk"):
            leg.refresh_from_db()  # The end of one before it may have changed it.
            lines.end(leg, now)
        Step.objects.all().delete()
        exchange.faults = []
        exchange.save()


def active_calls(*directions: Direction) -> list[Leg]:
    """Return the calls that are on, the newest first."""
    wanted = directions or (Direction.INBOUND, Direction.OUTBOUND_API)
    return list(Leg.objects.filter(direction__in=wanted, state__in=ACTIVE))


def family(sid: str) -> list[Leg]:
    """Return a call's leg and all that came of it, in the order in which they began."""
    legs = list(Leg.objects.filter(sid=sid))
    for leg in legs:  # It grows meanwhile.
        legs += leg.children.select_related("parent", "dialled_by").order_by("pk")
    return legs


def is_ringing_client(leg: Leg) -> bool:
    """Say whether a leg is a phone of the site that could be picked up."""
    return leg.to_address.startswith(CLIENT) and leg.state in (State.INITIATED, State.RINGING)

"""Whether desks, tabs, database and company agree on each call."""

from datetime import datetime, timedelta
from typing import Any

from calls.models import Call
from tests.calls.histories.company import Company
from tests.calls.histories.desks import Desk, shown
from tests.calls.histories.legs import Leg, Recording, Waiting
from tests.calls.histories.world import World

CLAIM = timedelta(seconds=30)
"""As long as a phone rings."""

SHOWN_ONLY = {"doubtful", "previous"}
"""What a desk adds to what the server says."""


def check(world: World) -> None:
    """Raise ``AssertionError`` where somebody knows something else than the company."""
    calls = {call.sid: call for call in Call.objects.listed() if call.sid}
    for root in [leg for leg in world.company.legs.values() if leg.parent is None]:
        check_call(world, root, calls.pop(root.sid, None))
    assert not calls, "the company knows no such calls"
    for call in Call.objects.filter(sid=None):
        assert call.is_over, f"{call.pk} was never placed, and is {call.state}"
    check_desks(world)
    assert not world.cut_off
    for root in [leg for leg in world.company.legs.values() if leg.parent is None]:
        check_nobody_was_cut_off(world, root)


def check_call(world: World, root: Leg, call: Call | None) -> None:
    """Compare a call in the database with its legs at the company."""
    company = world.company
    if call is None:
        assert root.direction == "inbound" and root.sid in company.broken, f"{root.sid} is unknown"
        return
    talks = [agent for customer, agent in company.talked if customer.root is root]
    expected = {
        "state": state(company, root, bool(talks)),
        "answered": bool(talks),
        "answered_by": talker(talks),
        "certain": True,
    }
    found = {
        "state": call.state,
        "answered": call.outcome == "answered",
        "answered_by": f"agent_{call.answered_by_id}" if call.answered_by_id else None,
        "certain": call.certain,
    }
    other = differences(found, expected)
    if any(leg.answered and leg.is_over and not leg.seconds for leg in family(company, root)):
        # The company counts whole seconds, and doesn't say that such a leg was answered.
        other = {key: both for key, both in other.items() if key not in ("answered", "answered_by")}
    assert not other, f"call {call.pk} {other}"
    ringing = {leg.address for leg in family(company, root) if leg.state == "ringing"}
    rung = {f"client:agent_{pk}" for pk in call.rung_now}
    # Nobody asks the company who is held: the button stays as it was asked for.
    if call.state == "in-progress" and f"/calls/{call.pk}/hold/" not in world.without_answer:
        assert call.held == is_held(company, root), f"call {call.pk} is held: {call.held}"
    assert rung <= ringing, f"call {call.pk} rings at {rung}, and really at {ringing}"
    assert call.claimed_by is None or call.claimant, f"call {call.pk} has a claim without an end"


def is_held(company: Company, root: Leg) -> bool:
    """Say whether the customer of a call hears music."""
    customers = [leg for leg in family(company, root) if leg.is_up and not leg.is_agents]
    return any(
        isinstance(leg.doing, Waiting) or company.conferences.holds(leg) for leg in customers
    )


def state(company: Company, root: Leg, talked: bool) -> str:
    """Return the state of a call; one that was handed over goes on without its own leg."""
    if root.is_over and not any(company.legs[one].root is root for one, _ in company.pairs()):
        return root.state
    # An agent may still take a customer whose agents have gone, and who leaves a message.
    speaks = any(isinstance(leg.doing, Recording) for leg in family(company, root))
    return "in-progress" if talked and not speaks else "ringing"


def talker(talks: list[Leg]) -> str | None:
    """Return who talks, or was the last to talk."""
    up = [leg for leg in talks if leg.is_up]
    last = (up or talks)[-1:]
    return last[0].address.removeprefix("client:") if last else None


def family(company: Company, root: Leg) -> list[Leg]:
    return [leg for leg in company.legs.values() if leg.root is root]


def check_desks(world: World) -> None:
    """Compare what the connected desks show with the database."""
    calls = {call.pk: shown(call) for call in Call.objects.listed()}
    active = {pk for pk, call in calls.items() if call["ended_at"] is None}
    now = round(world.now.timestamp() * 1000)
    for desk in [one for one in world.desks if one.is_connected]:
        picture = desk.shows(now)
        seen = {call["call"]: without_own(call) for call in picture["calls"]}
        assert active <= seen.keys(), f"{desk.name} lacks {active - seen.keys()}"
        for pk, call in seen.items():
            assert not (other := differences(call, calls.get(pk, {}))), f"{desk.name}: {pk} {other}"
        check_tone(desk, calls, picture["ringing"], now)


def check_claims(world: World) -> None:
    """Find claims that last longer than a phone rings, and some that another request ended."""
    for call in Call.objects.filter(state="ringing", pk__in=world.claims):
        agent, since = world.claims[call.pk]
        age = world.now - since
        if call.claimant == agent:
            assert age <= CLAIM, f"{agent} claims call {call.pk} since {age}"
        elif age < CLAIM and call.direction == "inbound":
            rings = world.phone_that_rings(agent, call)
            refused = refused_since(world, call, agent, since)
            assert refused or not rings, (
                f"{agent}'s claim of call {call.pk} has gone, and her phone rings"
            )


def refused_since(world: World, call: Call, agent: Any, instant: datetime) -> bool:
    """Say whether a leg at the agent's phone has ended since then: that ends a claim, too."""
    return any(
        leg.ended and leg.ended >= instant and leg.address == f"client:agent_{agent.pk}"
        for leg in world.company.legs.values()
        if leg.root.sid == call.sid
    )


def check_tone(desk: Desk, calls: dict[int, Any], ringing: list[int], now: int) -> None:
    for pk in ringing:
        call = calls[pk]
        assert desk.agent.pk in call["ringing"], f"{desk.name} rings for another's call {pk}"
        assert desk.agent.pk not in call["declined"], f"{desk.name} rings for what was declined"
        if call["state"] == "ringing":
            assert (call["claimed_until"] or 0) <= now, f"{desk.name} rings for a claimed call"
        assert call["certain"], f"{desk.name} rings for a call that may be over"


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return {key: (one.get(key), other.get(key)) for key in keys}


def without_own(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name not in SHOWN_ONLY}


def check_nobody_was_cut_off(world: World, root: Leg) -> None:
    """Find legs that ended though neither side of the conversation wanted that."""
    company = world.company
    if root.direction == "inbound" and root.is_over and not root.hung_up:
        known = root.sid in company.broken | world.ended or root.reached_voicemail
        talked = any(customer is root for customer, _ in company.talked)
        assert known or talked, f"{root.sid} was sent away without a word"
    pairs = [(customer, agent) for customer, agent in company.talked if customer.root is root]
    if root.sid in company.broken | world.ended or any(
        leg.hung_up for pair in pairs for leg in pair
    ):
        return
    for number, (customer, agent) in enumerate(pairs):
        assert not customer.is_over, f"{customer.sid} was cut off"
        followed = any(other is customer for other, _ in pairs[number + 1 :])
        transferred = root.sid in world.transferred and followed
        assert not agent.is_over or transferred, f"{agent.sid} was cut off"

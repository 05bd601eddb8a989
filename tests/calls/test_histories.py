"""In the end every desk, every tab, the database and the company agree on each call.

Whatever happens before: webhooks that are lost, repeated, reordered and late, processes that die
between any two steps, and a REST API that is away or does things without saying so. For a long run:
``pytest tests/calls/test_histories.py --hypothesis-profile long``.
"""

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import hypothesis
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from calls.agents import GROUP, agent_at, agents
from calls.models import Call, Leg
from calls.states import ACTIVE, FINAL, MOVES, State
from tests.calls.histories import agreement
from tests.calls.histories.desks import Node
from tests.calls.histories.legs import Leg as CompanysLeg
from tests.calls.histories.rest import Fault
from tests.calls.histories.world import BEGIN, Fate, World

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

STEPS = 18
EXAMPLES = 0.2
"""Histories for each example of Hypothesis' profile; each takes half a second."""
HOW_LONG = hypothesis.settings(
    max_examples=round(hypothesis.settings().max_examples * EXAMPLES),
    stateful_step_count=2 * STEPS,
    suppress_health_check=list(hypothesis.HealthCheck),
)
LONG = 900
"""Seconds after which everything that is due has been asked for, and been answered."""

CALLERS = ["+15550100123", "+15550100124"]

which = st.integers(0, 5)
"""One of several, counted round and round."""
faults = st.sampled_from(Fault)
steps = st.integers(0, 25)


def step(
    *, when: Callable[[Any], Any] = lambda self: True, **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a rule, which is possible when ``when(self)`` says so; what it caused follows."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def stepped(self: "Histories", **given: Any) -> None:
            function(self, **given)
            self.world.let_reports_travel()
            self.look()

        return precondition(when)(rule(**arguments)(stepped))

    return decorate


class Histories(RuleBasedStateMachine):
    make_world: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.seen: dict[str, str] = {}
        self.late_reports_arrive = False

    @initialize(number=st.sampled_from(CALLERS), late_reports_arrive=st.booleans())
    def begin(self, number: str, late_reports_arrive: bool) -> None:
        self.late_reports_arrive = late_reports_arrive
        self.world.begin()
        self.world.company.call_in(number)
        self.world.let_reports_travel()
        self.look()

    # People.

    @step(when=lambda self: self._has_room(), number=st.sampled_from(CALLERS))
    def somebody_calls(self, number: str) -> None:
        self.world.company.call_in(number)

    @step(when=lambda self: any(map(rings, self._legs())), index=which)
    def a_phone_is_picked_up(self, index: int) -> None:
        self._with_leg(index, rings, self.world.pick_up)

    @step(index=which, state=st.sampled_from(["", "busy", "no-answer", "failed"]))
    def somebody_does_not_want_to_talk(self, index: int, state: str) -> None:
        company = self.world.company
        if state:
            self._with_leg(index, rings, lambda leg: company.refuse(leg, state))
        else:
            self._with_leg(index, is_up, company.hang_up)

    # Agents at their desks.

    @step(agent=which, index=which, by_two=st.booleans(), accepts=st.booleans())
    def an_agent_answers(self, agent: int, index: int, by_two: bool, accepts: bool) -> None:
        one, other = self._agent(agent), self._agent(agent + 1)

        def answer(call: Call) -> None:
            too = (lambda: self.world.answer(other, call)) if by_two else None
            self.world.answer(one, call, meanwhile=too, accepts=accepts)

        self._with_call(index, answer)

    @step(agent=which, index=which, verb=st.sampled_from(["decline", "hangup"]))
    def an_agent_ends_it(self, agent: int, index: int, verb: str) -> None:
        self._with_call(index, lambda call: self._press(self._agent(agent), call, verb))

    @step(when=lambda self: self._talks(), index=which, on=st.sampled_from(["1", "0"]))
    def an_agent_holds(self, index: int, on: str) -> None:
        call, agent = self._talk(index)
        self._press(agent, call, "hold", on=on)

    @step(when=lambda self: self._talks(), index=which, to=which)
    def an_agent_transfers(self, index: int, to: int) -> None:
        call, agent = self._talk(index)
        self._press(agent, call, "transfer", to=self._agent(to).pk)

    @step(when=lambda self: self._has_room(), agent=which)
    def an_agent_calls_out(self, agent: int) -> None:
        self.world.press(self._agent(agent), "/calls/", to="+15550100199")

    @step(when=lambda self: self.world.has_pressed)
    def a_page_sends_its_last_request_again(self) -> None:
        self.world.press_again()

    @step(index=which)
    def a_desk_is_cut_off_or_comes_back(self, index: int) -> None:
        self.world.cut_or_connect(index)

    # The network, and processes.

    @step(these=st.lists(st.sampled_from(Fate), min_size=1, max_size=5))
    def reports_go_astray(self, these: list[Fate]) -> None:
        self.world.fates += these

    @step(when=lambda self: self.world.late, index=which)
    def a_late_report_arrives(self, index: int) -> None:
        self.world.deliver_late(index)

    @step(
        index=which,
        what=st.sampled_from(["report", "pick up", "hang up"]),
        when_asked=st.sampled_from(["before", "after"]),
    )
    def while_the_company_is_asked(self, index: int, what: str, when_asked: str) -> None:
        company = self.world.company
        happens = {
            "report": lambda: self.world.let_reports_travel(),
            "pick up": lambda: self._with_leg(index, rings, company.pick_up),
            "hang up": lambda: self._with_leg(index, is_up, company.hang_up),
        }
        setattr(self.world, when_asked, happens[what])

    @step(after=steps)
    def the_next_process_dies(self, after: int) -> None:
        self.world.site.kill_after = after

    @step(these=st.lists(st.none() | faults, min_size=1, max_size=3))
    def requests_to_the_company_fail(self, these: list[Fault | None]) -> None:
        self.world.rest.faults += these

    @step(away=st.none() | faults)
    def the_company_goes_away_or_comes_back(self, away: Fault | None) -> None:
        self.world.rest.away = away

    @step()
    def the_site_goes_down_or_starts(self) -> None:
        if self.world.site.is_down:
            self.world.restart()
        else:
            self.world.site.is_down = True

    @step(seconds=st.sampled_from([1, 5, 15, 30, 60, 150]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    # What holds at each moment.

    def look(self) -> None:
        """Find desks that show something else than the database, and states that went back."""
        if not self.world.site.has_changed():
            return
        self.world.listen()
        agreement.check_desks(self.world)
        agreement.check_claims(self.world)
        assert not self.world.cut_off
        self._find_what_went_back()

    def _find_what_went_back(self) -> None:
        """A call whose agents have gone rings again; no leg goes back, and no call that is over."""
        legs = dict(Leg.objects.values_list("sid", "state"))
        over = Call.objects.filter(state__in=FINAL).values_list("pk", "state")
        now = legs | {str(pk): state for pk, state in over}
        for name, state in self.seen.items():
            after = now.get(name)
            assert after == state or (after and after in MOVES[State(state)]), (name, state, after)
        self.seen = now

    # What holds in the end.

    def teardown(self) -> None:
        if self.world.desks:
            self._heal()
            self.world.pass_time(LONG)
            self._check()
            for leg in self._legs():
                self.world.company.hang_up(leg)
            self.world.company.outbox.clear()
            self.world.pass_time(LONG)
            self._check()
            assert not Call.objects.filter(state__in=ACTIVE).exists()

    def _heal(self) -> None:
        world = self.world
        world.rest.faults, world.rest.away, world.before, world.after = [], None, None, None
        world.fates = []
        world.site.kill_after = None
        world.restart()
        for desk in world.desks:
            if not desk.is_connected:
                desk.connect()
        while self.late_reports_arrive and world.late:
            world.deliver_late(0)

    def _check(self) -> None:
        self.world.listen()
        agreement.check(self.world)

    def _press(self, agent: Any, call: Call, verb: str, **fields: Any) -> None:
        self.world.press(agent, f"/calls/{call.pk}/{verb}/", **fields)

    def _talks(self) -> list[tuple[Call, Any]]:
        """Return the calls in which an agent talks, with the agent."""
        legs = self.world.company.legs
        pairs = [(legs[one], legs[other]) for one, other in sorted(self.world.company.pairs())]
        calls = {call.sid: call for call in Call.objects.all()}
        return [
            (calls[customer.root.sid], agent_at(agent.address))
            for customer, agent in pairs
            if customer.root.sid in calls
        ]

    def _talk(self, index: int) -> tuple[Call, Any]:
        talks = self._talks()
        return talks[index % len(talks)]

    def _agent(self, index: int) -> Any:
        return self.world.agents[index % len(self.world.agents)]

    def _has_room(self) -> bool:
        return len([leg for leg in self._legs() if leg.parent is None]) < 3

    def _legs(self) -> list[CompanysLeg]:
        return list(self.world.company.legs.values())

    def _with_leg(
        self, index: int, fits: Callable[[CompanysLeg], bool], do: Callable[[CompanysLeg], None]
    ) -> None:
        if found := [leg for leg in self._legs() if fits(leg)]:
            do(found[index % len(found)])

    def _with_call(self, index: int, do: Callable[[Call], None]) -> None:
        if found := list(Call.objects.order_by("pk")):
            do(found[index % len(found)])


def rings(leg: CompanysLeg) -> bool:
    return leg.state == "ringing"


def is_up(leg: CompanysLeg) -> bool:
    return leg.is_up


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.close()


@pytest.fixture
def everybody(db: None) -> dict[Any, Client]:
    """Three agents, who are logged in."""
    call_command("create_demo_users")
    carol, _ = get_user_model().objects.get_or_create(username="carol")
    Group.objects.get(name=GROUP).user_set.add(carol)
    clients = {user: Client() for user in agents()}
    for user, client in clients.items():
        client.force_login(user)
    return clients


@pytest.fixture
def worlds(
    everybody: dict[Any, Client], node: Node, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Callable[[], World]]:
    """Makes worlds; the last one has the clock, the database's statements and the company."""
    settings.REALTIME = {"PRESENCE": False}  # So every agent counts as being there.
    logging.disable(logging.CRITICAL)
    made: list[World] = []

    def make() -> World:
        made[:] = [world := World(everybody, node)]
        monkeypatch.setattr("calls.telephony.rest.requests.request", world.rest.request)
        return world

    def statement(execute: Callable[..., Any], *arguments: Any) -> Any:
        return made[0].site.statement(execute, *arguments) if made else execute(*arguments)

    monkeypatch.setattr("django.utils.timezone.now", lambda: made[0].now if made else BEGIN)
    with connection.execute_wrapper(statement):
        yield make
    logging.disable(logging.NOTSET)


def test_all_agree_in_the_end(worlds: Callable[[], World]) -> None:
    machine = type("Histories", (Histories,), {"make_world": staticmethod(worlds)})
    run_state_machine_as_test(machine, settings=HOW_LONG, _min_steps=STEPS)


def play(worlds: Callable[[], World], *steps: tuple[Callable[..., None], dict[str, Any]]) -> None:
    """Play one history; it has been found by chance, or shows what another test can't."""
    history = type("Histories", (Histories,), {"make_world": staticmethod(worlds)})()
    history.begin(number=CALLERS[0], late_reports_arrive=False)
    for do, arguments in steps:
        do(history, **arguments)
    history.teardown()


LOST = (Histories.reports_go_astray, {"these": [Fate.LOST] * 4})


def answers(agent: int, **how: bool) -> tuple[Callable[..., None], dict[str, Any]]:
    how = {"by_two": False, "accepts": True, **how}
    return Histories.an_agent_answers, {"agent": agent, "index": 0, **how}


def passes(seconds: int) -> tuple[Callable[..., None], dict[str, Any]]:
    return Histories.time_passes, {"seconds": seconds}


PICKED_UP = (Histories.a_phone_is_picked_up, {"index": 0})
DIES = Histories.the_next_process_dies


def test_an_answer_does_not_move_a_call_that_another_agent_has(worlds: Any) -> None:
    play(worlds, LOST, PICKED_UP, answers(1))


def test_declining_does_not_end_a_call_that_was_picked_up(worlds: Any) -> None:
    declines = Histories.an_agent_ends_it, {"agent": 0, "index": 0, "verb": "decline"}
    play(worlds, LOST, PICKED_UP, declines)


def test_a_caller_whose_agent_disappears_after_her_answer_is_not_sent_away(worlds: Any) -> None:
    play(worlds, passes(5), answers(0, accepts=False), passes(30), passes(5), passes(60))


def test_the_second_of_two_agents_takes_nothing_from_the_first(worlds: Any) -> None:
    play(worlds, answers(0, by_two=True, accepts=False))


@pytest.mark.parametrize("after", range(2, 30, 7))
def test_a_transfer_that_dies_leaves_no_phone_ringing(worlds: Any, after: int) -> None:
    transfers = Histories.an_agent_transfers, {"index": 0, "to": 2}
    play(worlds, PICKED_UP, (DIES, {"after": after}), transfers)


@pytest.mark.parametrize("after", range(2, 30, 7))
def test_a_process_that_dies_of_an_answer_leaves_no_claim(worlds: Any, after: int) -> None:
    play(worlds, (DIES, {"after": after}), answers(0), passes(60))


def test_a_call_that_was_placed_without_an_answer_is_found(worlds: Any) -> None:
    unanswered = Histories.requests_to_the_company_fail, {"these": [Fault.LOST_ANSWER]}
    places = Histories.an_agent_calls_out, {"agent": 0}
    play(worlds, unanswered, LOST, places, places)


def test_what_comes_late_moves_nothing_back(worlds: Any) -> None:
    twice = Histories.reports_go_astray, {"these": [Fate.TWICE] * 9}
    calls = Histories.somebody_calls, {"number": CALLERS[1]}
    picked_up = Histories.a_phone_is_picked_up, {"index": 3}
    arrives = Histories.a_late_report_arrives, {"index": 4}
    play(worlds, twice, calls, picked_up, passes(60), *[arrives] * 9)

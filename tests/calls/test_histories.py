"""In the end every desk, every tab, the database and the company agree on each call.

Whatever happens before: webhooks that are lost, repeated, reordered and late, processes that die
between any two steps, and a REST API that is away or does things without saying so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from calls.agents import GROUP
from calls.models import Call
from calls.states import ACTIVE, FINAL
from tests.calls.histories import agreement
from tests.calls.histories.desks import Node
from tests.calls.histories.legs import Leg
from tests.calls.histories.rest import Fault
from tests.calls.histories.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 900
"""Seconds after which everything that is due has been asked for, and been answered."""

CALLERS = ["+15550100123", "+15550100124"]

which = st.integers(0, 5)
"""One of several, counted round and round."""
faults = st.sampled_from(Fault)
steps = st.integers(0, 25)


class Histories(RuleBasedStateMachine):
    make_world: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.final: dict[int, tuple[str, int]] = {}

    @initialize(away=st.booleans())
    def begin(self, away: bool) -> None:
        self.world.begin()

    # People.

    @rule(number=st.sampled_from(CALLERS))
    def somebody_calls(self, number: str) -> None:
        if len([leg for leg in self._legs() if leg.parent is None]) < 3:
            self.world.company.call_in(number)

    @rule(index=which)
    def a_phone_is_picked_up(self, index: int) -> None:
        self._with_leg(index, lambda leg: leg.state == "ringing", self.world.pick_up)

    @rule(index=which, state=st.sampled_from(["busy", "no-answer", "failed"]))
    def a_phone_refuses(self, index: int, state: str) -> None:
        refuse = self.world.company.refuse
        self._with_leg(index, lambda leg: leg.state == "ringing", lambda leg: refuse(leg, state))

    @rule(index=which)
    def somebody_hangs_up(self, index: int) -> None:
        self._with_leg(index, lambda leg: leg.is_up, self.world.company.hang_up)

    # Agents at their desks.

    @rule(agent=which, index=which)
    def an_agent_answers(self, agent: int, index: int) -> None:
        self._with_call(index, lambda call: self.world.answer(self._agent(agent), call))

    @rule(agent=which, index=which)
    def two_agents_answer(self, agent: int, index: int) -> None:
        def both(call: Call) -> None:
            one, other = self._agent(agent), self._agent(agent + 1)
            self.world.before = lambda: self.world.answer(other, call)
            self.world.answer(one, call)

        self._with_call(index, both)

    @rule(agent=which, index=which, verb=st.sampled_from(["decline", "hangup"]))
    def an_agent_ends_it(self, agent: int, index: int, verb: str) -> None:
        self._press(agent, index, verb)

    @rule(agent=which, index=which, on=st.sampled_from(["1", "0"]))
    def an_agent_holds(self, agent: int, index: int, on: str) -> None:
        self._press(agent, index, "hold", on=on)

    @rule(agent=which, index=which, to=which)
    def an_agent_transfers(self, agent: int, index: int, to: int) -> None:
        self._press(agent, index, "transfer", to=self._agent(to).pk)

    @rule(agent=which)
    def an_agent_calls_out(self, agent: int) -> None:
        if len([leg for leg in self._legs() if leg.parent is None]) < 3:
            self.world.press(self._agent(agent), "/calls/", to="+15550100199")

    @rule()
    def a_page_sends_its_last_request_again(self) -> None:
        self.world.press_again()

    @rule(index=which)
    def a_desk_is_cut_off_or_comes_back(self, index: int) -> None:
        desk = self.world.desks[index % len(self.world.desks)]
        if desk.is_connected:
            desk.cut()
        else:
            desk.connect()

    # The network, and processes.

    @rule(index=which, again=st.booleans())
    def a_report_arrives(self, index: int, again: bool) -> None:
        if outbox := self.world.company.outbox:
            self.world.deliver(index % len(outbox), keep=again)

    @rule(index=which)
    def a_report_is_lost(self, index: int) -> None:
        if outbox := self.world.company.outbox:
            outbox.pop(index % len(outbox))

    @rule(index=which, after=st.booleans())
    def a_report_arrives_while_the_company_is_asked(self, index: int, after: bool) -> None:
        def arrive() -> None:
            if outbox := self.world.company.outbox:
                self.world.deliver(index % len(outbox))

        setattr(self.world, "after" if after else "before", arrive)

    @rule(index=which, after=st.booleans())
    def a_phone_is_picked_up_while_the_company_is_asked(self, index: int, after: bool) -> None:
        pick_up = self.world.company.pick_up

        def happen() -> None:
            self._with_leg(index, lambda leg: leg.state == "ringing", pick_up)

        setattr(self.world, "after" if after else "before", happen)

    @rule(after=steps)
    def the_next_process_dies(self, after: int) -> None:
        self.world.site.kill_after = after

    @rule(these=st.lists(st.none() | faults, min_size=1, max_size=3))
    def requests_to_the_company_fail(self, these: list[Fault | None]) -> None:
        self.world.rest.faults += these

    @rule(fault=faults)
    def the_company_goes_away(self, fault: Fault) -> None:
        self.world.rest.away = fault

    @rule()
    def the_company_is_back(self) -> None:
        self.world.rest.away = None

    @rule()
    def the_site_goes_down(self) -> None:
        self.world.site.is_down = True

    @rule()
    def the_site_starts(self) -> None:
        if self.world.site.is_down:
            self.world.restart()

    @rule(seconds=st.sampled_from([1, 5, 15, 30, 60, 150]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    # What holds at each moment.

    @invariant()
    def desks_show_what_the_database_knows(self) -> None:
        if self.world.desks:
            self.world.listen()
            agreement.check_desks(self.world)
            assert not self.world.cut_off

    @invariant()
    def what_is_over_stays_over(self) -> None:
        now = {call.pk: (call.state, call.version) for call in Call.objects.all()}
        for pk, (state, version) in self.final.items():
            assert now[pk][0] == state and now[pk][1] >= version
        self.final = {pk: seen for pk, seen in now.items() if seen[0] in FINAL}

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
        world.site.kill_after = None
        world.restart()
        for desk in world.desks:
            if not desk.is_connected:
                desk.connect()

    def _check(self) -> None:
        self.world.listen()
        agreement.check(self.world)

    def _press(self, agent: int, index: int, verb: str, **fields: Any) -> None:
        def press(call: Call) -> None:
            self.world.press(self._agent(agent), f"/calls/{call.pk}/{verb}/", **fields)

        self._with_call(index, press)

    def _agent(self, index: int) -> Any:
        return self.world.agents[index % len(self.world.agents)]

    def _legs(self) -> list[Leg]:
        return list(self.world.company.legs.values())

    def _with_leg(
        self, index: int, fits: Callable[[Leg], bool], do: Callable[[Leg], None]
    ) -> None:
        if found := [leg for leg in self._legs() if fits(leg)]:
            do(found[index % len(found)])

    def _with_call(self, index: int, do: Callable[[Call], None]) -> None:
        if found := list(Call.objects.order_by("pk")):
            do(found[index % len(found)])


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.close()


@pytest.fixture
def everybody(db: None) -> dict[Any, Client]:
    """Three agents, who are logged in."""
    call_command("create_demo_users")
    users = get_user_model().objects
    carol, _ = users.get_or_create(username="carol")
    Group.objects.get(name=GROUP).user_set.add(carol)
    clients = {user: Client() for user in users.order_by("pk")}
    for user, client in clients.items():
        client.force_login(user)
    return clients


def test_all_agree_in_the_end(
    everybody: dict[Any, Client], node: Node, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.REALTIME = {"PRESENCE": False}  # So every agent counts as being there.
    worlds: list[World] = []

    def make_world() -> World:
        worlds[:] = [world := World(everybody, node)]
        monkeypatch.setattr("calls.telephony.rest.requests.request", world.rest.request)
        return world

    def statement(*arguments: Any) -> Any:
        return worlds[0].site.statement(*arguments) if worlds else arguments[0](*arguments[1:])

    class Run(Histories):
        pass

    Run.make_world = staticmethod(make_world)
    monkeypatch.setattr("django.utils.timezone.now", lambda: worlds[0].now)
    import logging, os
    logging.disable(logging.CRITICAL)
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate] + ([hypothesis.Phase.shrink] if os.environ.get("SHRINK") else [])
    with connection.execute_wrapper(statement):
        hypothesis.stateful.run_state_machine_as_test(
            Run, settings=hypothesis.settings(max_examples=int(os.environ.get("N", "20")), stateful_step_count=25, deadline=None, phases=phases, database=None, suppress_health_check=list(hypothesis.HealthCheck), print_blob=False)
        )

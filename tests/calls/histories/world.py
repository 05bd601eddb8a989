"""A company, a site and its agents' desks, in one time."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Min
from django.test import Client

from calls.models import Action, AgentStatus, Call, Leg, Message
from calls.reconciliation import due_now, sweep
from realtime.eventlog import event_log
from tests.calls.histories.company import Company
from tests.calls.histories.desks import Desk, Node
from tests.calls.histories.legs import Leg as CompanysLeg
from tests.calls.histories.rest import Rest
from tests.calls.histories.site import SITE, Answer, Site, named

BEGIN = datetime.fromisoformat("2026-11-26T09:00:00+00:00")
VOICE, STATUS = f"{SITE}/calls/twilio/voice/#rc=5&rp=all", f"{SITE}/calls/twilio/status/"


class Fate(StrEnum):
    """What becomes of a report on its way to the site."""

    ARRIVES = "arrives"
    LOST = "lost"
    LATE = "late"
    TWICE = "twice"
    """It arrives, and once more later."""


class Claim(NamedTuple):
    """An agent's claim, as her page shows it."""

    agent: Any
    since: datetime


class World:
    """All that takes part. ``meanwhile`` happens within the next request to the company."""

    def __init__(self, agents: dict[Any, Client], node: Node) -> None:
        self.agents = list(agents)
        self.site = Site()
        self.company = Company(BEGIN, self.site.fetch, number_url=VOICE, number_callback=STATUS)
        self.rest = Rest(
            self.company,
            before=self._before_request,
            judging=self._judging,
            after=self._after_request,
        )
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.cut_off: list[str] = []
        """Conversations that a request of the site ended, and nobody wanted to end."""
        self.ended: set[str] = set()
        self.transferred: set[str] = set()
        """The calls, by their sids, that agents asked to end, or to hand over."""
        self.without_answer: set[str] = set()
        """What was asked for, and may have been done or not."""
        self.claims: dict[int, Claim] = {}
        """The newest claim of each call that a page has shown."""
        self.fates: list[Fate] = []
        """What becomes of the next reports."""
        self.late: list[tuple[str, dict[str, str]]] = []
        self.desks: list[Desk] = []
        self._clients, self._node = agents, node
        self._last: tuple[Any, str, dict[str, Any]] | None = None

    def begin(self) -> None:
        for model in (Message, Action, Leg, Call, AgentStatus):
            model.objects.all().delete()
        tabs = [*self.agents, self.agents[0]]  # The first agent has two.
        for number, agent in enumerate(tabs):
            desk = Desk(f"{agent}{number}", agent, self._node, self._clients[agent])
            desk.open()
            self.desks.append(desk)

    @property
    def now(self) -> datetime:
        return self.company.now

    def listen(self) -> None:
        log = event_log()
        assert log
        log.number_pending()  # A running server does it for processes that died.
        for desk in self.desks:
            desk.listen()

    # What agents ask for.

    def press(self, agent: Any, path: str, **fields: Any) -> Answer:
        """Send a request of an agent's page, with a token of its own."""
        self._last = agent, path, {**fields, "token": str(uuid.uuid4())}
        return self.press_again()

    @property
    def has_pressed(self) -> bool:
        return self._last is not None

    def press_again(self) -> Answer:
        """Send the last request once more."""
        if self._last is None:
            return Answer(None)
        agent, path, fields = self._last
        self._note(path)
        answer = self.site.ask(self._clients[agent], path, fields)
        if answer.status not in (202, 409):
            self.without_answer.add(path)
        return answer

    def _note(self, path: str) -> None:
        verb, pk = named(path) or ("", 0)
        noted = {"hangup": self.ended, "transfer": self.transferred}.get(verb)
        call = Call.objects.filter(pk=pk).first()
        if noted is not None and call and call.sid:
            noted.add(call.sid)

    def answer(
        self,
        agent: Any,
        call: Call,
        *,
        meanwhile: Callable[[], None] | None = None,
        accepts: bool = True,
    ) -> None:
        """Have an agent press Answer; the page accepts what rings at its phone, if it may.

        ``meanwhile`` happens before that, or before the company is asked.
        """
        leg = self.phone_that_rings(agent, call)
        self.before = None if leg else meanwhile
        answer = self.press(agent, f"/calls/{call.pk}/answer/", **self._ringing(leg))
        if answer.status == 202:
            self.claims[call.pk] = Claim(agent, self.now)
        if leg and meanwhile:
            meanwhile()
        if answer.status == 202 and leg and leg.state == "ringing" and accepts:
            self.pick_up(leg)

    def _ringing(self, leg: CompanysLeg | None) -> dict[str, str]:
        return {"phone": "ringing"} if leg else {}

    def phone_that_rings(self, agent: Any, call: Call) -> CompanysLeg | None:
        """Return the leg that rings at the agent's phone for a call."""
        return next(
            (
                leg
                for leg in self.company.legs.values()
                if leg.state == "ringing"
                and leg.root.sid == call.sid
                and leg.address == f"client:agent_{agent.pk}"
            ),
            None,
        )

    # What happens at phones.

    def pick_up(self, leg: CompanysLeg) -> None:
        # The company counts whole seconds, and nobody does two things in one of them.
        self.pass_time(1)
        if leg.state == "ringing":
            self.company.pick_up(leg)
            self.pass_time(1)

    # The network.

    def let_reports_travel(self) -> None:
        """Let what the company has reported arrive, or what else is its fate."""
        while self.company.outbox:
            report = self.company.outbox.pop(0)
            fate = self.fates.pop(0) if self.fates else Fate.ARRIVES
            if fate in (Fate.LATE, Fate.TWICE):
                self.late.append(report)
            if fate in (Fate.ARRIVES, Fate.TWICE):
                self.site.webhook(*report)

    def deliver_late(self, index: int) -> None:
        self.site.webhook(*self.late.pop(index % len(self.late)))

    def cut_or_connect(self, index: int) -> None:
        """Cut the connection of a desk, or let it come back."""
        desk = self.desks[index % len(self.desks)]
        if desk.is_connected:
            desk.cut()
        else:
            desk.connect()
            self.site.changed = True

    # Time.

    def pass_time(self, seconds: float) -> None:
        """Let time pass, in which the running server asks for what is due."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            self.company.advance(min([end, *self._instants()]))
            self.let_reports_travel()
            self.sweep()
            if self.now >= end:
                return

    def sweep(self) -> None:
        if not self.site.is_down:
            self.site.sweep(sweep, self.now)

    def restart(self) -> None:
        self.site.is_down = False
        due_now(self.now)

    def _instants(self) -> list[datetime]:
        """Return when something is due: at the company, and at the site."""
        due = Call.objects.filter(check_at__gt=self.now).aggregate(Min("check_at"))["check_at__min"]
        free = Call.objects.filter(checked_until__gt=self.now).aggregate(Min("checked_until"))
        lease = free["checked_until__min"]
        return [one for one in (due, lease, self.company.next_instant()) if one and one > self.now]

    # Requests of the site to the company.

    def _before_request(self) -> None:
        from django.db import connection

        assert not connection.in_atomic_block, "rows are locked while the company is asked"
        self.site.step()
        happens, self.before = self.before, None
        if happens:
            happens()

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Find conversations that what the company is asked for ends."""
        before = self.company.pairs()
        yield
        for customer, agent in before - self.company.pairs():
            self._judge(self.company.legs[customer], self.company.legs[agent])

    def _after_request(self) -> None:
        happens, self.after = self.after, None
        if happens:
            happens()
        self.site.step()

    def _judge(self, customer: CompanysLeg, agent: CompanysLeg) -> None:
        verb, pk = self.site.verb or ("sweep", None)
        sid = Call.objects.filter(pk=pk).values_list("sid", flat=True).first()
        if verb not in ("hangup", "hold", "transfer") or sid != customer.root.sid:
            self.cut_off.append(f"{customer.sid} and {agent.sid} by {verb}")

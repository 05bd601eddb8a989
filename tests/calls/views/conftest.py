"""A phone company that does what a test says, at the edge, and the desk of a second agent."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

# Before a company takes its place, so that the webhooks have the real one in any order of tests.
from calls import urls  # noqa: F401
from calls.models import Call
from calls.states import State
from calls.telephony import PlacedCall, Recording, Report, TelephonyError, VoiceMessage


class Company:
    """A phone company that notes what it is asked to do, and raises ``failure`` if it is set.

    ``reports`` are its answers about calls, by their sids; ``placed`` are the calls that it has
    placed. ``meanwhile`` is called while it does something.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []
        self.failure: Exception | None = None
        self.reports: dict[str, Report] = {}
        self.placed: list[Report] = []
        self.sound = Recording(b"ID3" + bytes(range(97)), "audio/mpeg")
        self.meanwhile: Any = lambda: None

    def _take(self, *request: Any) -> None:
        self.requests.append(request)
        self.meanwhile()
        if self.failure:
            raise self.failure

    def ring(self, call: Call, agents: Sequence[Any]) -> str:
        return ",".join(str(agent) for agent in agents)

    def place(self, call: Call, agent: Any) -> PlacedCall:
        self._take("place", call.to_number, agent.username)
        return PlacedCall("CA9", State.QUEUED, "+15550100000")

    def answer(self, call: Call, agent: Any) -> None:
        self._take("answer", call.sid, agent.username)

    def hang_up(self, call: Call) -> None:
        self._take("hang up", call.sid)

    def end_leg(self, sid: str) -> None:
        self._take("end leg", sid)

    def cancel_leg(self, sid: str) -> None:
        self._take("cancel leg", sid)

    def hold(self, call: Call, on: bool) -> None:
        self._take("hold", call.sid, on)

    def transfer(self, call: Call, agent: Any) -> None:
        self._take("transfer", call.sid, agent.username)

    def fetch(self, sid: str) -> Report:
        self._take("fetch", sid)
        return self.reports[sid]

    def placed_since(self, agent: Any, instant: Any) -> list[Report]:
        self._take("placed since", agent.username)
        return self.placed

    def messages(self, sid: str) -> list[VoiceMessage]:
        self._take("messages", sid)
        return []

    def recording(self, url: str) -> Recording:
        self._take("recording", url)
        return self.sound


class Broken(TelephonyError):
    """A failure that isn't one of those that views know by name."""


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = Company()
    monkeypatch.setattr("calls.telephony.get_telephony", lambda site: company)
    return company


@pytest.fixture
def bobs_desk(bob: Any) -> Client:
    client = Client()
    client.force_login(bob)
    return client

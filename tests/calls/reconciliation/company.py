"""A phone company that only answers questions, with what a test has it say."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from calls import agents
from calls.models import Call
from calls.states import State
from calls.telephony import NoSuchCall, Report, TelephonyError, VoiceMessage

Answer = Report | TelephonyError


class Company:
    """Stands for the company's REST interface; ``asked`` are the sids it was asked for, in order.

    While it is asked, ``meanwhile`` is called. ``away`` is what all questions fail with.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.placed: list[Report] = []
        self.recorded: list[VoiceMessage] = []
        self.asked: list[str] = []
        self.away: TelephonyError | None = None
        self.meanwhile: Callable[[], Any] = lambda: None

    def fetch(self, sid: str) -> Report:
        self.asked.append(sid)
        answer = self._answer(self.answers.get(sid, NoSuchCall("There is no such call.")))
        assert isinstance(answer, Report)
        return answer

    def placed_since(self, agent: Any, instant: datetime) -> list[Report]:
        self.asked.append(f"placed by {agent}")
        self._answer(None)
        return self.placed

    def messages(self, sid: str) -> list[VoiceMessage]:
        self.asked.append(f"messages of {sid}")
        self._answer(None)
        return self.recorded

    def _answer(self, answer: Answer | None) -> Answer | None:
        self.meanwhile()
        if self.away or isinstance(answer, TelephonyError):
            raise self.away or answer
        return answer


def own_leg(call: Call, state: State, *legs: Report, **facts: Any) -> Report:
    """Return what the company says of a call's own leg and those that it dialled."""
    return Report(sid=call.sid, state=state, direction="inbound", legs=legs, **facts)


def phone(agent: Any, state: State, sid: str = "CA-phone", **facts: Any) -> Report:
    """Return what the company says of the leg to an agent's phone."""
    address = agents.phone(agent)
    return Report(sid=sid, parent="CA1", state=state, to_number=address, **facts)

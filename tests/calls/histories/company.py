"""A model of Twilio: legs that carry out TwiML, and report what happens to them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.etree.ElementTree import Element

from tests.calls.histories.conferences import Conferences
from tests.calls.histories.legs import (
    CLIENT,
    Dialling,
    InConference,
    Leg,
    Recording,
    Waiting,
    verbs,
)

OUR_NUMBER = "+15550100000"

Fetch = Callable[[str, dict[str, str]], str | None]
"""Asks the site for TwiML: ``fetch(url, form)`` returns a document, None if none came."""


class Company:
    """All legs and conferences of an account.

    ``number_url`` and ``number_callback`` are the webhooks of our number. Reports that nobody
    waits for stand in ``outbox`` until they are delivered, or lost. Nothing here reads a clock:
    ``now`` is set by ``advance``.
    """

    def __init__(
        self, now: datetime, fetch: Fetch, *, number_url: str, number_callback: str
    ) -> None:
        self.now = now
        self.legs: dict[str, Leg] = {}
        self.outbox: list[tuple[str, dict[str, str]]] = []
        self.broken: set[str] = set()
        """The calls (by the sid of their own leg) that ended because the site gave no TwiML."""
        self.talked: list[tuple[Leg, Leg]] = []
        """Everybody who was ever connected: (customer, agent), in the order of their beginning."""
        self.recorded: list[tuple[Leg, int]] = []
        self.conferences = Conferences(self._leave_dial, self.talk)
        self._fetch, self._number_url, self._callback = fetch, number_url, number_callback

    # What people do.

    def call_in(self, number: str) -> Leg:
        leg = self._leg("inbound", number, OUR_NUMBER, callback=self._callback, state="ringing")
        self._ask(leg, self._number_url, {})
        return leg

    def place(self, to: str, from_: str, document: str, callback: str) -> Leg:
        leg = self._leg("outbound-api", from_, to, callback=callback)
        leg.verbs = verbs(document)
        self._ring(leg)
        return leg

    def pick_up(self, leg: Leg) -> None:
        """The person at an outbound leg accepts it."""
        self._enter(leg, "in-progress")
        if leg.parent is None:
            self._run(leg)
            return
        dialling = leg.parent.doing
        assert isinstance(dialling, Dialling)
        for other in dialling.children:
            if other is not leg:
                self._end(other, "canceled")
        self.talk(leg.parent, leg)

    def refuse(self, leg: Leg, state: str = "busy") -> None:
        """The person at a ringing leg doesn't want it, or isn't there."""
        leg.hung_up = True
        self._end(leg, state)

    def hang_up(self, leg: Leg) -> None:
        leg.hung_up = True
        self._end(leg)

    # What the site asks for.

    def complete(self, leg: Leg) -> None:
        self._end(leg)

    def redirect(self, leg: Leg, document: str) -> None:
        """Have a leg that is up carry out another document."""
        leg.moves += 1
        leg.verbs = verbs(document)
        self._interrupt(leg)
        self._run(leg)

    # Time.

    def next_instant(self) -> datetime | None:
        """Return when something happens by itself."""
        waits = [leg.doing for leg in self.legs.values() if not leg.is_over]
        return min(
            (one.until for one in waits if isinstance(one, (Dialling, Recording)) and not up(one)),
            default=None,
        )

    def advance(self, to: datetime) -> None:
        while (instant := self.next_instant()) and instant <= to:
            self.now = max(self.now, instant)
            self._time_out(instant)
        self.now = max(self.now, to)

    def _time_out(self, instant: datetime) -> None:
        for leg in list(self.legs.values()):
            doing = leg.doing
            if leg.is_over or not isinstance(doing, (Dialling, Recording)) or up(doing):
                continue
            if doing.until > instant:
                continue
            if isinstance(doing, Recording):
                self._recorded(leg, doing)
            for child in doing.children if isinstance(doing, Dialling) else []:
                child.hung_up = True
                self._end(child, "no-answer")

    # How legs go on.

    def talk(self, one: Leg, other: Leg) -> None:
        agent, customer = (one, other) if one.is_agents else (other, one)
        self.talked.append((customer, agent))

    def pairs(self) -> set[tuple[str, str]]:
        """Return the sids of those who hear each other: (customer, agent)."""
        dialled = [
            (leg, child)
            for leg in self.legs.values()
            if isinstance(leg.doing, Dialling)
            for child in leg.doing.children
            if child.is_up
        ]
        ordered = [(child, leg) if leg.is_agents else (leg, child) for leg, child in dialled]
        return {(one.sid, other.sid) for one, other in [*ordered, *self.conferences.pairs()]}

    def _ask(self, leg: Leg, url: str, more: dict[str, str]) -> None:
        """Ask the site how a leg goes on, and do that, unless it has been moved meanwhile."""
        moves = leg.moves
        document = self._fetch(url, {**leg.parameters(), **more})
        if leg.is_over or leg.moves != moves:
            return
        if document is None:
            self.broken.add(leg.root.sid)
            self._end(leg, "failed" if not leg.is_up else "completed")
            return
        leg.verbs = verbs(document)
        self._run(leg)

    def _run(self, leg: Leg) -> None:
        while leg.doing is None and not leg.is_over:
            if not leg.verbs:
                self._end(leg)
                return
            verb = leg.verbs.pop(0)
            if verb.tag == "Reject":
                self._end(leg, "busy")
                return
            self._answer_for(leg)
            getattr(self, f"_{verb.tag.lower()}")(leg, verb)

    def _answer_for(self, leg: Leg) -> None:
        """Twilio itself picks up an incoming call to carry out a verb."""
        if leg.state == "ringing":
            self._enter(leg, "in-progress", silent=True)

    def _say(self, leg: Leg, verb: Element) -> None:
        """A sentence takes no time here."""

    def _play(self, leg: Leg, verb: Element) -> None:
        leg.doing = Waiting()

    def _hangup(self, leg: Leg, verb: Element) -> None:
        self._end(leg)

    def _redirect(self, leg: Leg, verb: Element) -> None:
        self._ask(leg, verb.text or "", {})

    def _record(self, leg: Leg, verb: Element) -> None:
        leg.reached_voicemail = True
        until = self.now + timedelta(seconds=int(verb.get("maxLength", "3600")))
        callback = verb.get("recordingStatusCallback", "")
        leg.doing = Recording(verb.get("action", ""), callback, self.now, until)

    def _dial(self, leg: Leg, verb: Element) -> None:
        conference = verb.find("Conference")
        if conference is not None:
            leg.doing = InConference(conference.text or "")
            self.conferences.join(leg, conference)
            return
        until = self.now + timedelta(seconds=int(verb.get("timeout", "30")))
        leg.doing = Dialling([], verb.get("action", ""), until)
        callers = verb.get("callerId", leg.from_)
        for noun in verb:
            client = noun.findtext("Identity") or noun.text or ""
            to = CLIENT + client if noun.tag == "Client" else client
            callback = noun.get("statusCallback", "")
            leg.doing.children.append(
                self._leg("outbound-dial", callers, to, parent=leg, callback=callback)
            )
        for child in leg.doing.children:
            self._ring(child)

    def _recorded(self, leg: Leg, recording: Recording) -> None:
        leg.doing = None
        seconds = round((self.now - recording.since).total_seconds())
        self.recorded.append((leg, seconds))
        form = {
            "RecordingSid": f"RE{leg.sid[2:]}",
            "RecordingUrl": f"https://api.twilio.com/recordings/RE{leg.sid[2:]}",
            "RecordingDuration": str(seconds),
        }
        if recording.callback:
            about = {"CallSid": leg.sid, "RecordingStatus": "completed"}
            self.outbox.append((recording.callback, {**about, **form}))
        if leg.is_over:
            self._fetch(recording.action, {**leg.parameters(), **form})
        else:
            self._ask(leg, recording.action, form)

    def _ring(self, leg: Leg) -> None:
        self._enter(leg, "initiated")
        self._enter(leg, "ringing")

    def _end(self, leg: Leg, state: str = "") -> None:
        if leg.is_over:
            return
        self._enter(leg, state or ("completed" if leg.is_up else "canceled"))
        leg.ended, leg.moves = self.now, leg.moves + 1
        self._interrupt(leg)

    def _interrupt(self, leg: Leg) -> None:
        """End what a leg is doing, because it is over or moved; nobody waits for answers."""
        doing, leg.doing = leg.doing, None
        if isinstance(doing, Recording):
            self._recorded(leg, doing)
        if isinstance(doing, InConference):
            self.conferences.leave(leg, doing.name)
        if isinstance(doing, Dialling):
            for child in doing.children:
                self._end(child)
            if doing.action:
                self._fetch(doing.action, {**leg.parameters(), **result(doing.children)})
        self._leave_parent(leg)

    def _leave_parent(self, leg: Leg) -> None:
        """Have the leg that dialled this one go on, if it has nobody left."""
        doing = leg.parent.doing if leg.parent else None
        if not isinstance(doing, Dialling) or leg not in doing.children:
            return
        if leg.answered is None and any(not child.is_over for child in doing.children):
            return
        assert leg.parent
        self._leave_dial(leg.parent, doing)

    def _leave_dial(self, leg: Leg, doing: Dialling | None = None) -> None:
        leg.doing = None
        if doing and doing.action:
            self._ask(leg, doing.action, result(doing.children))
        else:
            self._run(leg)

    def _leg(self, direction: str, from_: str, to: str, **more: object) -> Leg:
        sid = f"CA{len(self.legs) + 1:032x}"
        self.legs[sid] = leg = Leg(sid, direction, from_, to, self.now, **more)  # type: ignore[arg-type]
        return leg

    def _enter(self, leg: Leg, state: str, *, silent: bool = False) -> None:
        leg.state = state
        if state == "in-progress":
            leg.answered = self.now
        if leg.is_over:
            leg.ended = self.now
        # Of a call to our number Twilio reports only the end.
        if silent or not leg.callback or (leg.direction == "inbound" and not leg.is_over):
            return
        about = {"SequenceNumber": str(leg.sequence), "Timestamp": format_datetime(self.now)}
        if state == "completed":
            about["CallDuration"] = str(leg.seconds)
        leg.sequence += 1
        self.outbox.append((leg.callback, {**leg.parameters(), **about}))


def up(doing: Dialling | Recording) -> bool:
    """Say whether a ``<Dial>`` has connected somebody, so that its timeout is over."""
    return isinstance(doing, Dialling) and any(child.is_up for child in doing.children)


def result(children: list[Leg]) -> dict[str, str]:
    """Return what the ``action`` of a ``<Dial>`` gets about those who were dialled."""
    connected = [child for child in children if child.answered]
    if connected:
        return {"DialCallSid": connected[-1].sid, "DialCallStatus": "completed"}
    if not children:
        return {"DialCallStatus": "failed"}
    return {"DialCallSid": children[-1].sid, "DialCallStatus": children[-1].state}

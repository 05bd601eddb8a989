"""Carries out the TwiML of a leg, verb after verb."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite

from calls.simulator import dialling, recordings
from calls.simulator.legs import enter, notify, request
from calls.simulator.models import Direction, Kind, Leg, cancel, schedule
from calls.simulator.people import MESSAGE_SECONDS
from calls.simulator.twiml import (
    Dial,
    Hangup,
    Record,
    Redirect,
    Reject,
    TwimlError,
    Verb,
    Wait,
    parse,
)
from calls.states import State
from realtime.logs import get_logger

logger = get_logger(__name__)

Result = Mapping[str, str]
"""What the action of a verb gets beside the call."""


def begin(leg: Leg, document: str, at: datetime, *, by_rest: bool = False) -> None:
    """Carry out a document; ``by_rest`` if it came with a request to the company."""
    leg.twiml, leg.verb, leg.by_rest = document, -1, by_rest
    leg.save(update_fields=["twiml", "verb", "by_rest", "base_url"])
    schedule(leg, Kind.GO_ON, at)


def go_on(leg: Leg, result: Result, at: datetime) -> None:
    """Ask the action of the verb that is over what to do, or carry out the next verb."""
    try:
        verbs = parse(leg.twiml)
    except TwimlError as error:
        logger.error("simulator got wrong twiml leg=%s reason=%s", leg.sid, error)
        _set_aside(leg)
        verbs = []
    verb = verbs[leg.verb] if 0 <= leg.verb < len(verbs) else None
    if isinstance(verb, Record):
        result = recordings.made(leg, verb, at)
    if isinstance(verb, Dial | Record) and verb.action:
        _set_aside(leg)
        request(leg, verb.action, at, dict(result))
    elif leg.verb + 1 < len(verbs):
        leg.verb, leg.verb_began_at = leg.verb + 1, at
        leg.save(update_fields=["verb", "verb_began_at"])
        _carry_out(leg, verbs[leg.verb], at)
    else:
        schedule(leg, Kind.END, at)


def _set_aside(leg: Leg) -> None:
    leg.twiml, leg.verb = "", -1
    leg.save(update_fields=["twiml", "verb"])


def _carry_out(leg: Leg, verb: Verb, at: datetime) -> None:
    if not isinstance(verb, Reject) and leg.state == State.RINGING:
        enter(leg, State.IN_PROGRESS, at)  # All other verbs pick up.
    match verb:
        case Dial():
            dialling.begin(leg, verb, at)
        case Wait(seconds):
            if isfinite(seconds):
                schedule(leg, Kind.GO_ON, at + timedelta(seconds=seconds))
        case Record():
            _record(leg, verb, at)
        case Redirect(url):
            _set_aside(leg)
            request(leg, url, at, {})
        case Reject(reason):
            schedule(leg, Kind.MOVE, at, state=REJECTED.get(reason, State.NO_ANSWER))
        case Hangup():
            schedule(leg, Kind.END, at)


REJECTED = {"busy": State.BUSY}
"""The state in which a leg ends that ``<Reject>`` refuses, by its reason."""


def _record(leg: Leg, verb: Record, at: datetime) -> None:
    if verb.max_length <= MESSAGE_SECONDS:
        over = at + timedelta(seconds=verb.max_length)
        schedule(leg, Kind.GO_ON, over)
    elif leg.direction == Direction.INBOUND:
        schedule(leg, Kind.END, at + timedelta(seconds=MESSAGE_SECONDS))


def interrupt(leg: Leg, at: datetime) -> None:
    """Stop what a leg does: it has ended, or gets other TwiML.

    The action of an interrupted verb gets to know it, and its answer makes no difference.
    """
    verbs = parse(leg.twiml)
    verb = verbs[leg.verb] if 0 <= leg.verb < len(verbs) else None
    cancel(leg, Kind.GO_ON, Kind.REQUEST, Kind.TIMEOUT, Kind.END)
    result: Result = {}
    if isinstance(verb, Dial):
        result = dialling.interrupt(leg, at)
    elif isinstance(verb, Record) and leg.is_over:
        result = recordings.made(leg, verb, at)
    if result and isinstance(verb, Dial | Record) and verb.action:
        notify(leg, verb.action, at, dict(result))
    _set_aside(leg)


def replace(leg: Leg, document: str, at: datetime) -> None:
    """Have a leg in progress carry out another document, which came with a request."""
    interrupt(leg, at)
    dialling.redirect(leg, at)
    begin(leg, document, at, by_rest=True)

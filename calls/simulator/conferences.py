"""Conferences: who joins, who leaves, and whom that ends."""

from datetime import datetime

from calls.simulator.models import Conference, Kind, Leg, schedule
from calls.simulator.twiml import Room

LEFT = {"DialCallStatus": "answered"}
"""What the action of a ``<Dial>`` gets whose conference is over."""

MEMBER = ["conference", "ends_conference", "muted", "held"]
"""What a leg knows of its conference."""


def join(leg: Leg, room: Room) -> None:
    """Connect a leg with a conference, which begins if nobody is in it."""
    conference = Conference.objects.filter(name=room.name, ended_at=None).first()
    leg.conference = conference or Conference.objects.create(name=room.name)
    leg.ends_conference = room.ends_on_exit
    leg.muted = room.muted
    leg.held = False
    leg.save(update_fields=MEMBER)


def leave(leg: Leg, at: datetime) -> None:
    """Take a leg out of its conference; those go on who stay, unless it ends with this leg."""
    conference = leg.conference
    if conference is None:
        return
    leg.conference, leg.held, leg.muted = None, False, False
    leg.save(update_fields=MEMBER)
    others = list(conference.legs.all())
    if leg.ends_conference or not others:
        end(conference, others, at)


def end(conference: Conference, legs: list[Leg], at: datetime) -> None:
    """End a conference for those who are in it; their TwiML goes on."""
    conference.ended_at = at
    conference.save()
    for leg in legs:
        leg.conference, leg.held = None, False
        leg.save(update_fields=MEMBER)
        schedule(leg, Kind.GO_ON, at, result=LEFT)

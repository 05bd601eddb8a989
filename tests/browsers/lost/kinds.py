"""The kinds of loss: what is played, what is true then, and how long desks may be wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calls.certainty import ANSWERING, MARGIN, PLACING, RING, retry_at
from tests.browsers.lost.town import SOON, Town

LOOK = 1.0
"""Seconds between two looks of a server at what is due."""

HEARD = timedelta(seconds=2)
"""How long the page's phone may take to notice that its line is dead, at the simulated company."""

LEFT = timedelta(seconds=3)
"""How long a desk waits for an event when its phone has left a call, before it asks."""

CONNECTED_AGAIN = 28.0
"""Seconds until a desk is connected to a server that is back, as docs/browser.md says."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = "+1 555 010 0199"
IN_DOUBT = "The phone company can't be asked"
GAVE_UP = "The caller gave up"


@dataclass(frozen=True)
class Truth:
    """What the company knows of a call `since` an instant, in seconds of the wall clock.

    `says` is how the desks of each agent begin to say it; the calls `rings` there, or no call does.
    """

    sid: str
    since: float
    says: dict[str, str]
    rings: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of loss, and in how many seconds the desks are right, by docs/calls.md."""

    name: str
    bound: float
    play: Callable[[Town], Truth]


def talking(name: str) -> dict[str, str]:
    """Return what each desk says while an agent talks."""
    return {
        agent: "You are talking" if agent == name else f"{name} is talking"
        for agent in ("alice", "bob")
    }


def answered_by(name: str) -> dict[str, str]:
    """Return what each desk says after an agent has talked."""
    return {
        agent: "Answered by you" if agent == name else f"Answered by {name}"
        for agent in ("alice", "bob")
    }


def both(sentence: str) -> dict[str, str]:
    """Return what all desks say in the same words."""
    return {"alice": sentence, "bob": sentence}


def answered_after(*words: str) -> Callable[[Town], Truth]:
    """Have alice press Answer when the company has been given words."""

    def play(town: Town) -> Truth:
        sid = town.ring()
        for word in words:
            town.say(word)
        town.answer(sid)
        return Truth(sid, town.company.answered(sid, SOON), talking("alice"))

    return play


def caller_hangs_up(town: Town) -> Truth:
    sid = town.ring()
    town.say("caller-hangs-up")
    return Truth(sid, town.company.ended(sid), both(GAVE_UP))


def ringing_ends(town: Town) -> Truth:
    sid = town.ring()
    town.say("lose-finals")
    town.say("caller-hangs-up")
    return Truth(sid, town.company.ended(sid), both(GAVE_UP))


def talk_ends(town: Town) -> Truth:
    sid = town.talk()
    town.say("lose-finals")
    town.say("caller-hangs-up")
    return Truth(sid, town.company.ended(sid), answered_by("alice"))


def two_pick_up(town: Town) -> Truth:
    sid = town.ring()
    town.say("two-agents")
    since = town.company.answered(sid, SOON)
    return Truth(sid, since, talking(town.company.talker(sid)))


def company_is_away(town: Town) -> Truth:
    sid = town.ring()
    for word in ("lose-finals", "rest-error", "caller-hangs-up"):
        town.say(word)
    return Truth(sid, town.company.ended(sid), both(IN_DOUBT))


def company_is_back(town: Town) -> Truth:
    sid = town.talk()
    for word in ("lose-finals", "rest-error", "caller-hangs-up"):
        town.say(word)
    town.wait_until_said("bob", sid, IN_DOUBT, seconds(HEARD, LEFT) + SOON)
    since = time.time()
    town.say("behave")
    return Truth(sid, since, answered_by("alice"))


def placed_without_an_answer(town: Town) -> Truth:
    town.say("rest-timeout")
    before = town.company.newest()
    town.dial(NUMBER)
    sid = town.wait_for_call(before)
    return Truth(sid, town.company.answered(sid, SOON), talking("alice"))


def never_placed(town: Town) -> Truth:
    town.say("rest-lost")
    since = time.time()
    key = town.dial(NUMBER)
    town.wait_for_complaint("isn't known yet")
    town.say("behave")
    return Truth(key, since, both("Failed"))


def killed(town: Town) -> Truth:
    sid = town.ring()
    town.say("lose-finals")
    town.kill()
    town.sites["alice"].manage("simulate", "caller-hangs-up")
    return Truth(sid, town.start(), both(GAVE_UP))


def seconds(*times: timedelta) -> float:
    """Return when the desks are right, of a call that is asked for after these times."""
    return sum(times, timedelta()).total_seconds() + LOOK


RETRY = retry_at(EPOCH, 1) - EPOCH

TELLING = [
    Kind("that Answer was answered", seconds(ANSWERING), answered_after("lose-answered")),
    Kind("all about the end of a conversation", seconds(HEARD, LEFT), talk_ends),
    Kind("all, while the servers were killed", CONNECTED_AGAIN, killed),
]
"""Those of `make test`."""

KINDS = [
    Kind("nothing: the caller hangs up", LOOK, caller_hangs_up),
    Kind("nothing: two phones are picked up together", LOOK, two_pick_up),
    Kind("nothing: all comes twice", LOOK, answered_after("twice")),
    Kind("nothing: all comes 10 s late", seconds(ANSWERING), answered_after("late")),
    *TELLING,
    Kind("the end of a call that rings", seconds(RING, MARGIN), ringing_ends),
    Kind("the same, and questions fail: in doubt after", seconds(RING, MARGIN), company_is_away),
    Kind("the same in a conversation, after the failure", seconds(RETRY), company_is_back),
    Kind("the answer to an order to call", LOOK, placed_without_an_answer),
    Kind("an order to call", seconds(PLACING), never_placed),
]
"""Those of `make webhooks`."""

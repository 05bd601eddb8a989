"""A site at the edge of the company, the company's clock, and people with telephones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from django.utils import timezone

from calls.simulator import api, incoming
from calls.simulator.models import Leg
from calls.simulator.overrides import Failure
from calls.simulator.player import play_due
from calls.simulator.webhooks import Answer

SITE = "http://site.example"
CALLER = "+15550100123"
OUR_NUMBER = "+15550100000"
HANG_UP = "<Response/>"


class Webhook(NamedTuple):
    """What the site got: the path without slashes, and the form."""

    path: str
    form: dict[str, str]

    @property
    def state(self) -> str:
        return self.form["CallStatus"]


def dial(*clients: str, action: str = f"{SITE}/dialled/", timeout: int = 30) -> str:
    nouns = "".join(
        f'<Client statusCallback="{SITE}/status/"'
        f' statusCallbackEvent="initiated ringing answered completed">{name}</Client>'
        for name in clients
    )
    return (
        f'<Response><Dial timeout="{timeout}" action={quoteattr(action)}>{nouns}</Dial></Response>'
    )


def dial_number(number: str) -> str:
    return (
        f'<Response><Dial action="{SITE}/dialled/" callerId="{OUR_NUMBER}"><Number'
        f' statusCallback="{SITE}/status/" statusCallbackEvent="initiated ringing answered'
        f' completed">{number}</Number></Dial></Response>'
    )


def conference(name: str, ends: bool = True) -> str:
    return (
        f'<Response><Dial><Conference endConferenceOnExit="{str(ends).lower()}">{name}'
        "</Conference></Dial></Response>"
    )


class Town:
    """The site answers with ``twiml`` by path, and the company plays when time passes."""

    def __init__(self) -> None:
        self.began = self.now = timezone.now()
        self.got: list[Webhook] = []
        self.twiml: dict[str, str | Callable[[dict[str, str]], str]] = {}
        self.broken: Failure | None = None
        self.attempts = 0

    def post(self, url: str, form: dict[str, str]) -> Answer:
        self.attempts += 1
        if self.broken:
            return Answer(failure=self.broken, detail="broken")
        path = urlsplit(url).path.strip("/")
        self.got.append(Webhook(path, form))
        document = self.twiml.get(path, HANG_UP)
        return Answer(document if isinstance(document, str) else document(form))

    def wait(self, seconds: float, since: datetime | None = None) -> None:
        self.now += timedelta(seconds=seconds)
        play_due(self.now, self.post, since=since)

    def call_in(self, number: str = CALLER, voice: str = f"{SITE}/voice/") -> Leg:
        leg = incoming.call_in(number, voice=voice, status=f"{SITE}/status/", now=self.now)
        self.wait(0)
        return leg

    def place(self, twiml: str, to: str = "client:agent_1") -> str:
        fields = {
            "To": to,
            "From": OUR_NUMBER,
            "Twiml": twiml,
            "Timeout": 30,
            "StatusCallback": f"{SITE}/status/",
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        }
        return str(self.rest("POST", "Calls", **fields)["sid"])

    def rest(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        """Ask the company, and return its JSON."""
        body = api.answer(method, path, fields, self.now).body
        assert isinstance(body, dict)
        return body

    def sound(self, path: str) -> bytes:
        body = api.answer("GET", path, {}, self.now).body
        assert isinstance(body, bytes)
        return body

    def state(self, sid: str) -> str:
        return str(self.rest("GET", f"Calls/{sid}")["status"])

    def children(self, sid: str) -> dict[str, str]:
        """Return the states of the phones that a call has called, by their addresses."""
        legs = self.rest("GET", "Calls", ParentCallSid=sid)["calls"]
        return {leg["to"]: leg["status"] for leg in reversed(legs)}

    def pick_up(self, sid: str, client: str = "") -> str:
        leg = incoming.pick_up(sid, client and f"client:{client}", self.now)
        self.wait(0)
        return leg.sid

    def heard(self, sid: str) -> list[tuple[str, str]]:
        """Return the paths and states of what the site got about a leg."""
        return [(one.path, one.state) for one in self.got if one.form["CallSid"] == sid]

"""The modelled company's REST API, in place of ``requests.request`` in the product's client."""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3 import HTTPResponse

from tests.calls.histories.company import Company

Answer = tuple[int, Any]


class Fault(StrEnum):
    """How a request goes wrong."""

    REFUSED_CONNECTION = "refused connection"
    LOST_ANSWER = "lost answer"
    """It was carried out, and the answer never came."""
    ERROR = "error"
    ERROR_AFTER = "error after"
    """It was carried out, and answered with a 500."""
    GARBAGE = "garbage"
    """It was carried out, and answered with something else."""


class Rest:
    """Answers requests. ``before`` and ``after`` are called around each, for what else happens;
    ``judging`` is a context for what it makes the company do.

    ``faults`` are those of the next requests, one each; ``away`` that of all others.
    """

    def __init__(
        self,
        company: Company,
        *,
        before: Callable[[], None],
        judging: Callable[[], AbstractContextManager[None]],
        after: Callable[[], None],
    ) -> None:
        self.faults: list[Fault | None] = []
        self.away: Fault | None = None
        self._company = company
        self._before, self._judging, self._after = before, judging, after

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Do what ``requests.request`` does."""
        self._before()
        fault = self.faults.pop(0) if self.faults else self.away
        if fault == Fault.REFUSED_CONNECTION:
            raise requests.ConnectionError("refused")
        if fault == Fault.ERROR:
            return response(500, {"message": "Internal error"})
        fields = options.get("params") or options.get("data") or {}
        path = urlsplit(url).path.split("/Accounts/")[1].split("/", 1)[1].removesuffix(".json")
        with self._judging():
            status, body = self._answer(method, path.split("/"), fields)
        self._after()
        if fault == Fault.LOST_ANSWER:
            raise requests.ReadTimeout("no answer")
        if fault == Fault.ERROR_AFTER:
            return response(500, {"message": "Internal error"})
        if fault == Fault.GARBAGE:
            return response(200, ["?"])
        return response(status, body)

    def _answer(self, method: str, path: list[str], fields: dict[str, Any]) -> Answer:
        match method, path:
            case "GET", ["Calls"]:
                return self._list(fields)
            case "POST", ["Calls"]:
                return self._create(fields)
            case "GET", ["Calls", sid]:
                leg = self._company.legs.get(sid)
                return (200, leg.resource()) if leg else NOT_FOUND
            case "GET", ["Calls", sid, "Recordings"]:
                return 200, {"recordings": self._recordings(sid)}
            case "POST", ["Calls", sid]:
                return self._update(sid, fields)
            case _, ["Conferences", *rest]:
                return self._conferences(rest, fields)
        raise AssertionError(f"Twilio has no {method} {path}")

    def _list(self, fields: dict[str, Any]) -> Answer:
        found = list(reversed(self._company.legs.values()))
        if "ParentCallSid" in fields:
            parent = fields["ParentCallSid"]
            found = [leg for leg in found if leg.parent and leg.parent.sid == parent]
        if "To" in fields:
            found = [leg for leg in found if leg.to == fields["To"]]
        if "From" in fields:
            found = [leg for leg in found if leg.from_ == fields["From"]]
        return 200, {"calls": [leg.resource() for leg in found[: fields.get("PageSize", 50)]]}

    def _recordings(self, sid: str) -> list[dict[str, str]]:
        return [
            {"sid": f"RE{sid[2:]}", "status": "completed", "duration": str(seconds)}
            for leg, seconds in self._company.recorded
            if leg.sid == sid
        ]

    def _create(self, fields: dict[str, Any]) -> Answer:
        leg = self._company.place(
            fields["To"], fields["From"], fields["Twiml"], fields["StatusCallback"]
        )
        return 201, {**leg.resource(), "status": "queued"}

    def _update(self, sid: str, fields: dict[str, Any]) -> Answer:
        leg = self._company.legs.get(sid)
        if leg is None:
            return NOT_FOUND
        if leg.is_over or ("Twiml" in fields and not leg.is_up):
            return NOT_IN_PROGRESS
        if "Twiml" in fields:
            self._company.redirect(leg, fields["Twiml"])
        else:
            assert fields["Status"] in ("completed", "canceled"), fields
            if fields["Status"] == "completed" or not leg.is_up:
                self._company.complete(leg)
        return 200, leg.resource()

    def _conferences(self, path: list[str], fields: dict[str, Any]) -> Answer:
        conferences = self._company.conferences
        if not path:
            named = [one for one in conferences.all if one.name == fields["FriendlyName"]]
            return 200, {"conferences": [one.resource() for one in reversed(named)]}
        found = next((one for one in conferences.all if one.sid == path[0]), None)
        if found is None or path[1] != "Participants":
            return NOT_FOUND
        if len(path) == 2:
            return 200, {"participants": found.participants()}
        if path[2] not in found.members:
            return NOT_FOUND
        conferences.update(found, path[2], fields)
        return 200, {"call_sid": path[2]}


NOT_FOUND: Answer = (404, {"code": 20404, "message": "The resource was not found"})
NOT_IN_PROGRESS: Answer = (400, {"code": 21220, "message": "Call is not in-progress"})


def response(status: int, body: Any) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers["Content-Type"] = "application/json"
    made.raw = HTTPResponse(io.BytesIO(json.dumps(body).encode()), preload_content=False)
    return made

"""What the answers of Twilio's REST API mean: each becomes one of the errors of a phone company.

Agents read the sentences, who may have the simulated company.

The codes are those of https://www.twilio.com/docs/api/errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from calls.telephony.interface import (
    CallOver,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    Refused,
    TelephonyError,
)

NOT_IN_PROGRESS = 21220
NOT_FOUND = 20404
TOO_MANY_REQUESTS = 20429
AUTHENTICATION = 20003

OVER = "The phone company says that this call is over."
UNKNOWN_CALL = "The phone company doesn't know this call."
BUSY = "The phone company has too many requests from this account now. Try it again in a moment."
ACCOUNT = "The phone company doesn't accept this site's account or token, so that wasn't done."
UNREACHABLE = "The phone company can't be reached. Whether that was done isn't known until it can."
NO_ANSWER = (
    "The phone company didn't answer. "
    "Whether that was done isn't known until the calls here show it."
)
GARBAGE = "The phone company's answer makes no sense. Whether that was done isn't known yet."
NOT_ASKED = "The phone company could not be asked. Nothing was done."

MAX_REASON = 300
"""Characters of Twilio's own sentence that an agent gets to see."""


class Request(StrEnum):
    """What a request is for, because the same answer means something else to each."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"


def error(request: Request, status: int, body: Any) -> TelephonyError:
    """Return the error that an answer without success means; ``body`` is its JSON, if any."""
    if status >= 500 or status == 408:
        return OutcomeUnknown(NO_ANSWER)
    if status < 400:
        return OutcomeUnknown(GARBAGE)
    code = number(body, "code")
    if code == NOT_IN_PROGRESS:
        return CallOver(OVER)
    if code == NOT_FOUND:
        return missing(request)
    if status == 404:
        return OutcomeUnknown(GARBAGE)  # It is a proxy's, which knows nothing of any call.
    if code == TOO_MANY_REQUESTS or status == 429:
        return Refused(BUSY)
    if code == AUTHENTICATION or status in (401, 403):
        return Refused(ACCOUNT)
    return Refused(f"The phone company refused: {reason(body, status)}")


@contextmanager
def question() -> Iterator[None]:
    """Raise ``NotAsked`` for what has no known outcome inside, where nothing is asked to be done.

    It is also a decorator.
    """
    try:
        yield
    except OutcomeUnknown as error:
        raise NotAsked(NOT_ASKED) from error


def missing(request: Request) -> Refused:
    """Return what it means that Twilio has no such resource."""
    if request == Request.READ:
        return NoSuchCall(UNKNOWN_CALL)
    return CallOver(OVER) if request == Request.UPDATE else Refused(ACCOUNT)


def reason(body: Any, status: int) -> str:
    """Return Twilio's sentence about a refusal, or the status if there is none."""
    said = body.get("message") if isinstance(body, dict) else None
    if not isinstance(said, str) or not said.strip():
        return f"status {status}."
    return said if len(said) <= MAX_REASON else f"{said[:MAX_REASON]}..."


def number(body: Any, field: str) -> int | None:
    """Return an integer of an answer, None if it isn't one."""
    found = body.get(field) if isinstance(body, dict) else None
    return found if isinstance(found, int) else None

"""Sends a webhook over HTTP, signed as Twilio signs it."""

import time
from typing import NamedTuple

import requests
from twilio.request_validator import RequestValidator

from calls.simulator.account import auth_token
from calls.simulator.overrides import Failure, split

CONNECT_TIMEOUT = 5.0  # seconds, Twilio's own
READ_TIMEOUT = 10.0  # seconds; with the former, Twilio's total of 15


class Answer(NamedTuple):
    """What came back: a document, or what went wrong, in a word and in detail."""

    text: str = ""
    failure: Failure | None = None
    detail: str = ""
    seconds: float = 0.0
    """How long it took."""


def post(url: str, form: dict[str, str]) -> Answer:
    """Send a form to an address of the site; redirects are not followed.

    The signature is over the address without its fragment, which no server gets.
    """
    began = time.monotonic()
    return _post(split(url)[0], form)._replace(seconds=time.monotonic() - began)


def _post(url: str, form: dict[str, str]) -> Answer:
    signature = RequestValidator(auth_token()).compute_signature(url, form)
    try:
        with requests.Session() as session:
            session.trust_env = False  # A proxy for outgoing requests can't find this site.
            response = session.post(
                url,
                form,
                headers={"X-Twilio-Signature": signature},
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return Answer(failure=_failure(error), detail=type(error).__name__)
    if response.status_code >= 300:
        failure = Failure.BROKEN if response.status_code >= 500 else Failure.REFUSED
        return Answer(failure=failure, detail=f"{response.status_code} {response.reason}")
    return Answer(response.text)


def _failure(error: requests.RequestException) -> Failure:
    # ConnectionError is also raised for a connection that ended before the answer.
    dropped = "Connection aborted" in str(error) or isinstance(error, requests.ReadTimeout)
    return Failure.READ if dropped else Failure.CONNECT

"""Requests to Twilio's REST API; nothing comes out but a JSON object or a ``TelephonyError``."""

import json
import time
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from calls.telephony import answers
from calls.telephony.answers import Request
from calls.telephony.interface import OutcomeUnknown, TelephonyError
from realtime.logs import get_logger

logger = get_logger(__name__)

TIMEOUT = 5.0
"""Seconds for a request. Under ASGI all sync views of a process wait while one of them does."""

MAX_BYTES = 4 * 2**20
"""The largest answer: two minutes of a recording are about 2 MB as WAV."""

CHUNK = 2**16

Fields = dict[str, Any]


class Rest:
    """The API at ``base``, with an account's credentials. Paths are below the account's."""

    def __init__(self, base: str, account_sid: str, auth_token: str) -> None:
        self._account = f"{base}/2010-04-01/Accounts/{account_sid}"
        self.credentials = (account_sid, auth_token)

    def read(self, path: str, **fields: Any) -> Fields:
        """Return what a resource says."""
        return self._object(Request.READ, path, "GET", params=fields)

    def create(self, path: str, **fields: Any) -> Fields:
        """Create a resource in a list, and return it."""
        return self._object(Request.CREATE, path, "POST", data=fields)

    def update(self, path: str, **fields: Any) -> Fields:
        """Change a resource, and return it."""
        return self._object(Request.UPDATE, path, "POST", data=fields)

    def owns(self, url: str) -> bool:
        """Say whether an address is one of this account's, where its credentials may go."""
        return url.startswith(f"{self._account}/")

    def url(self, path: str) -> str:
        """Return the address of a resource."""
        return f"{self._account}/{path}"

    def download(self, url: str) -> tuple[bytes, str]:
        """Return a file of this account and its content type."""
        status, body, content_type = self._answer("GET", url)
        if status != 200:
            raise refused(Request.READ, status, parsed(body))
        return body, content_type

    def _object(self, request: Request, path: str, method: str, **options: Any) -> Fields:
        url = f"{self.url(path)}.json"
        status, body, _ = self._answer(method, url, allow_redirects=False, **options)
        found = parsed(body)
        if not 200 <= status < 300:
            raise refused(request, status, found)
        if not isinstance(found, dict):
            raise garbage("no JSON object")
        return found

    def _answer(self, method: str, url: str, **options: Any) -> tuple[int, bytes, str]:
        until = time.monotonic() + TIMEOUT
        try:
            with requests.request(
                method, url, auth=self.credentials, timeout=TIMEOUT, stream=True, **options
            ) as response:
                body = read(response, until)
                return response.status_code, body, response.headers.get("Content-Type", "")
        except (requests.RequestException, HTTPError) as error:
            logger.error("twilio unreachable method=%s error=%s", method, type(error).__name__)
            raise OutcomeUnknown(sentence(error)) from error


def read(response: requests.Response, until: float) -> bytes:
    """Return the body.

    Raises ``requests.Timeout`` if it is too long or isn't there at ``until``: the timeout of
    ``requests`` is for each piece, of which there may be any number.
    """
    body = b""
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES or time.monotonic() > until:
            raise requests.Timeout
    return body


def parsed(body: bytes) -> Any:
    """Return the JSON of a body, None if it isn't any."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def refused(request: Request, status: int, body: Any) -> TelephonyError:
    """Return the error for an answer without success, after it is logged."""
    code = answers.number(body, "code")
    logger.error("twilio refused action=%s status=%d code=%s", request, status, code)
    return answers.error(request, status, body)


def garbage(what: str) -> OutcomeUnknown:
    """Return the error for an answer that can't be used, after it is logged."""
    logger.error("twilio answered garbage reason=%s", what)
    return OutcomeUnknown(answers.GARBAGE)


def sentence(error: Exception) -> str:
    """Return what an agent is to know of a request that failed on its way."""
    # A connection that broke off is a ConnectionError too, so it isn't said that nothing was done.
    away = isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout)
    return answers.UNREACHABLE if away else answers.NO_ANSWER

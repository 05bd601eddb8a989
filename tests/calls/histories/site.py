"""The site under test, in this process: requests to it, and its death between any two steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urldefrag

from django.db import connection
from django.test import Client
from twilio.request_validator import RequestValidator

from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN

SITE = "http://testserver"


class Killed(BaseException):
    """The process died. No handler of the product may catch it, as none could run."""


class Answer(NamedTuple):
    """What a page gets; ``status`` is None if no answer came."""

    status: int | None
    body: Any = None


class Site:
    """Requests to the site. ``kill_after`` steps of one of them, the process that has it dies.

    A step is a statement in the database, or a request to the phone company.
    """

    def __init__(self) -> None:
        self.kill_after: int | None = None
        self.is_down = False
        self.deaths = 0
        self.answers: list[Answer] = []
        self.changed = False
        """Something has run that may have changed what desks show."""
        self.verb: tuple[str, int] | None = None
        """What an agent asks for now: the view's last word, and the call."""
        self._webhooks = Client()
        self._steps: list[int | None] = []

    def has_changed(self) -> bool:
        """Say whether something may have changed since the last time."""
        changed, self.changed = self.changed, False
        return changed

    def step(self) -> None:
        """Count a step of the request that runs, and die if it was the last."""
        left = self._steps[-1] if self._steps else None
        if left is None:
            return
        if left <= 0:
            raise Killed
        self._steps[-1] = left - 1

    def statement(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Wrap a statement of the database."""
        self.step()
        return execute(*arguments)

    @contextmanager
    def process(self) -> Iterator[None]:
        """Run something in a process that may die; what it didn't commit is gone then."""
        self.changed = True
        self._steps.append(self.kill_after)
        self.kill_after = None
        try:
            yield
        except Killed:
            self.deaths += 1
        finally:
            self._steps.pop()
        assert not connection.in_atomic_block

    @contextmanager
    def _asked_for(self, verb: tuple[str, int] | None) -> Iterator[None]:
        before, self.verb = self.verb, verb
        yield
        self.verb = before

    def webhook(self, url: str, form: dict[str, str]) -> str | None:
        """Send a webhook; returns the document that answers it, None if it went wrong.

        The address may ask for more attempts (``#rc=5``).
        """
        address, overrides = urldefrag(url)
        for _ in range(2 if overrides else 1):
            answer = self._post(url, address, {"AccountSid": ACCOUNT_SID, **form})
            if answer is not None:
                return answer
        return None

    def fetch(self, url: str, form: dict[str, str]) -> str | None:
        return self.webhook(url, form)

    def _post(self, url: str, address: str, form: dict[str, str]) -> str | None:
        if self.is_down:
            return None
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, form)
        response = None
        with self._asked_for(None), self.process():
            path = address.removeprefix(SITE)
            headers = {"X-Twilio-Signature": signature}
            response = self._webhooks.post(path, form, headers=headers)
            assert response.status_code in (200, 204), (path, form, response.status_code)
        return None if response is None else response.text

    def ask(self, client: Client, path: str, fields: dict[str, Any]) -> Answer:
        """Send a request of an agent's page."""
        if self.is_down:
            return Answer(None)
        answer = Answer(None)
        with self._asked_for(named(path)), self.process():
            response = client.post(path, fields)
            assert response.status_code != 500, (path, response.content)
            answer = Answer(response.status_code, response.json())
        self.answers.append(answer)
        return answer

    def sweep(self, sweep: Callable[[datetime], Any], now: datetime) -> None:
        with self.process():
            sweep(now)


def named(path: str) -> tuple[str, int] | None:
    """Return what a page asks for, and the call's key."""
    parts = path.strip("/").split("/")
    return (parts[2], int(parts[1])) if len(parts) == 3 and parts[1].isdigit() else None

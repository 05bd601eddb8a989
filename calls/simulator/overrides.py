"""When a webhook is tried again. Pure, without a clock.

Twilio tries it once more, and only where connecting failed. A fragment of its address changes that:
``#rc=5&rp=all`` means up to five more times, whatever went wrong
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urldefrag


class Failure(StrEnum):
    """What went wrong with a request, in the words of the fragment."""

    CONNECT = "ct"
    """There was no connection, or none with TLS."""
    READ = "rt"
    """No answer came, or the connection ended before it."""
    REFUSED = "4xx"
    BROKEN = "5xx"


MAX_RETRIES = 5
TOTAL = 15.0
"""Seconds after which a webhook is not tried any more."""
FIRST_PAUSE = 0.5
"""Seconds before the first retry; each later pause is twice as long. Twilio doesn't say its own."""
SOON = 1.0
"""Seconds within which the default's only retry comes."""


@dataclass(frozen=True)
class Overrides:
    """How often a webhook is tried again (``rc``), and after which failures (``rp``)."""

    retries: int = 1
    after: frozenset[Failure] = frozenset({Failure.CONNECT})

    def pause(self, failure: Failure, attempts: int, elapsed: float) -> float | None:
        """Return the seconds until the next attempt; None where there is none.

        ``attempts`` have been made, the first of them ``elapsed`` seconds ago.
        """
        pause = FIRST_PAUSE * 2.0 ** (attempts - 1)
        if failure not in self.after or attempts > self.retries or elapsed + pause > TOTAL:
            return None
        return pause

    @property
    def patience(self) -> float:
        """Seconds that a site may be away and still get the webhook."""
        return TOTAL if self.retries > 1 else SOON


def split(url: str) -> tuple[str, Overrides]:
    """Return an address without its fragment, and what the fragment says."""
    address, fragment = urldefrag(url)
    values = {name: texts[-1] for name, texts in parse_qs(fragment).items()}
    default = Overrides()
    return address, Overrides(
        _retries(values.get("rc", ""), default.retries),
        _failures(values["rp"]) if "rp" in values else default.after,
    )


def _retries(text: str, default: int) -> int:
    return min(int(text), MAX_RETRIES) if text.isdecimal() else default


def _failures(text: str) -> frozenset[Failure]:
    names = text.split(",")
    return frozenset(Failure) if "all" in names else frozenset(Failure) & frozenset(names)

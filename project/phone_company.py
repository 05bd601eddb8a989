"""What a connection to a real phone company needs from the environment."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

PHONES = ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_APP_SID")
"""What agents' phones in the browser need."""


def complaints(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each setting that is missing, or that no webhook could fit."""
    account = environment.get("TWILIO_ACCOUNT_SID")
    if account and not environment.get("TWILIO_AUTH_TOKEN"):
        # With an empty token anybody could sign webhooks.
        yield "TWILIO_ACCOUNT_SID is set, so TWILIO_AUTH_TOKEN is needed too."
    missing = [name for name in PHONES if not environment.get(name)]
    if len(missing) < len(PHONES):
        missing += [] if account else ["TWILIO_ACCOUNT_SID"]
        if missing:
            yield f"Agents' phones need all of {', '.join(PHONES)}: {', '.join(missing)} missing."
    url = urlsplit(environment.get("PUBLIC_URL", "").rstrip("/"))
    if url.path or url.query or url.fragment:
        yield (
            "PUBLIC_URL has to be the site's address alone, like https://calls.example.com: with"
            f" {url.path or 'what follows it'} no signature of a webhook would fit."
        )

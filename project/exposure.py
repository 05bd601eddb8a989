"""Whether the site is at home: reached from this machine alone, by the person who tries it."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

MIN_SECRET_KEY = 50
"""Characters, as Django's own check asks for."""


def is_this_machine(host: str) -> bool:
    """Say whether a name or address stands for the machine that it is used on."""
    host = host.strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def exposures(
    *, host: str, public_url: str, allowed_hosts: Sequence[str], account: str
) -> Iterator[str]:
    """Yield the reasons why others than the user of this machine may reach the site.

    ``host`` is the address that it is served at, ``account`` the one at the phone company.
    """
    if public_url and not is_this_machine(urlsplit(public_url).hostname or ""):
        yield f"PUBLIC_URL is {public_url}"
    if account:
        yield "TWILIO_ACCOUNT_SID is set"
    if not is_this_machine(host):
        yield f"HOST is {host}"
    for name in allowed_hosts:
        if not is_this_machine(name):
            yield f"ALLOWED_HOSTS has {name}"


def missing(*, public_url: str, secret_key: str) -> Iterator[str]:
    """Yield what a site that others may reach lacks, a sentence each."""
    address = urlsplit(public_url)
    if address.scheme != "https" or not address.hostname:
        yield "PUBLIC_URL has to be its https:// address."
    if len(secret_key) < MIN_SECRET_KEY:
        yield f"SECRET_KEY has to be {MIN_SECRET_KEY} random characters or more."

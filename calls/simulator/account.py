"""The site's account at the company."""

from django.utils.crypto import salted_hmac

ACCOUNT_SID = f"AC{0:032}"
OUR_NUMBER = "+15550100000"
CALLER = "+15550100123"
ANONYMOUS = "anonymous"
"""Stands for the number of a caller who hides it."""


def auth_token() -> str:
    """Return the secret that signs the webhooks; it depends on the site's key."""
    return salted_hmac("calls.simulator", "auth token", algorithm="sha256").hexdigest()

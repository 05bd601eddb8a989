"""The format of a phone number."""

from django.core.validators import RegexValidator

validate_phone_number = RegexValidator(
    r"\A\+[1-9][0-9]{1,14}\Z",
    "Enter a phone number with its country code, like +15550100123.",
)
"""E.164, the form in which Twilio takes numbers: a plus sign and at most 15 digits."""

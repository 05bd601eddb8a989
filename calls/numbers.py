"""Phone numbers as people write them, and in E.164, the form that the phone company takes."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, shortnumberinfo

NO_NUMBER = (
    "Enter a phone number with its area code, or with its country code: "
    "555 010 0199 or +1 555 010 0199."
)
EXTENSION = "The desk can't dial an extension; enter the number without it, and type it later."
EMERGENCY = "The desk doesn't call emergency numbers. Use another phone."

KNOWN_EVERYWHERE = frozenset({"112", "911", "999"})
"""What people dial in an emergency, also where the number is another one."""

LONGEST_SHORT_NUMBER = 6
MAX_E164_DIGITS = 15
E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)


def read_number(text: str) -> str:
    """Return the number that ``text`` means in E.164: a plus sign and at most 15 digits.

    Without a country code it is one of the country ``PHONE_REGION``. Only its length is checked,
    because numbers for examples and new ranges belong to nobody that the library knows.
    Raises ``ValidationError`` for text that is no number, and for an emergency number unless
    ``EMERGENCY_CALLS`` is set; then that is returned as it is dialled.
    """
    if emergency := emergency_number(text):
        if not settings.EMERGENCY_CALLS:
            raise ValidationError(EMERGENCY)
        return emergency
    number = _parsed(text)
    if number is None or not _is_complete(number):
        raise ValidationError(NO_NUMBER)
    if number.extension:
        raise ValidationError(EXTENSION)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def written(number: str) -> str:
    """Return a number in E.164 as people write it, in groups; any other text as it is."""
    if not E164.fullmatch(number) or not (parsed := _parsed(number)):
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL).replace("-", " ")


def emergency_number(text: str) -> str:
    """Return the digits of a number that reaches the emergency services, "" for any other.

    These are the numbers of all countries, and longer ones where the exchanges of
    ``PHONE_REGION`` would already connect the first digits.
    """
    digits, number = ascii_digits(text), _parsed(text)
    if number is None:
        return ""
    if "+" in text:
        national = str(number.national_number)
        region = phonenumbers.region_code_for_country_code(number.country_code)
        known = national in KNOWN_EVERYWHERE
        known = known or shortnumberinfo.is_emergency_number(national, region)
        return national if known else ""
    return digits if _is_emergency(digits, number) else ""


class NumberSearch(NamedTuple):
    """What the digits of a number begin or end with that somebody looks for."""

    beginnings: tuple[str, ...]
    ending: str
    """Empty where the text names the country, so that it can only be a beginning."""


def number_search(text: str) -> NumberSearch | None:
    """Return what to look for; None if ``text`` has no digits, or is too long for a number.

    People write a number with its country code, as in their own country, with or without the
    zero of long distance calls, or only its last digits.
    """
    digits = ascii_digits(text)
    if not digits or len(digits) > MAX_E164_DIGITS + len("00"):
        return None
    if text.strip().startswith("+"):
        return NumberSearch((digits,), "")
    region = settings.PHONE_REGION
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    national = digits.removeprefix(trunk) or digits
    code = phonenumbers.country_code_for_region(region)
    return NumberSearch((digits, f"{code}{national}"), national)


def ascii_digits(text: str) -> str:
    """Return the decimal digits of ``text``, of whatever script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())


def _parsed(text: str) -> PhoneNumber | None:
    if not text.isprintable():
        return None
    try:
        return phonenumbers.parse(text, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return None


def _is_complete(number: PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == ValidationResult.IS_POSSIBLE


def _is_emergency(digits: str, number: PhoneNumber) -> bool:
    if digits in KNOWN_EVERYWHERE:
        return True
    if not phonenumbers.is_valid_number(number) and shortnumberinfo.connects_to_emergency_number(
        digits, settings.PHONE_REGION
    ):
        return True
    if len(digits) > LONGEST_SHORT_NUMBER:
        return False
    regions = shortnumberinfo.SUPPORTED_SHORT_REGIONS
    return any(shortnumberinfo.is_emergency_number(digits, region) for region in regions)

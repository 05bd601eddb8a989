"""The number at the other end of a call, kept so that it can be found by its digits."""

from typing import Any

from django.db import models

from calls.states import Direction

MAX_DIGITS = 32


class PartyDigits(models.CharField):
    """The digits of the other party's number, set whenever a call is saved.

    Digits sort alike in every database and collation, so an index finds what begins with some.
    With ``backwards`` they stand the other way around, for what a number ends with.
    """

    def __init__(self, *, backwards: bool = False, **options: Any) -> None:
        self.backwards = backwards
        fixed = {"max_length": MAX_DIGITS, "default": "", "editable": False}
        super().__init__(**{**options, **fixed})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return what migrations see: the column alone."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def pre_save(self, model_instance: Any, add: bool) -> str:
        digits = party_digits(
            model_instance.direction, model_instance.from_number, model_instance.to_number
        )
        value = digits[::-1] if self.backwards else digits
        setattr(model_instance, self.attname, value)
        return value


def party_digits(direction: str, from_number: str, to_number: str) -> str:
    """Return the digits of the customer's number; "" for addresses that are no numbers."""
    number = to_number if direction == Direction.OUTBOUND else from_number
    if not number.isascii() or not number.removeprefix("+").isdigit():
        return ""
    return number.removeprefix("+")[:MAX_DIGITS]

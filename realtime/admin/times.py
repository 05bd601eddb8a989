"""Times as the pages show them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone


def from_milliseconds(milliseconds: int) -> str:
    """Return a time since 1970 as text."""
    return as_text(datetime.fromtimestamp(milliseconds / 1000, UTC))


def as_text(at: datetime) -> str:
    """Return a time in the current time zone, to the millisecond as the journey has it."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

"""Saves what changes of a call, and publishes it if others see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from calls.signals import announce
from calls.states import State
from realtime.logs import get_logger

if TYPE_CHECKING:
    from calls.models.call import Call

logger = get_logger(__name__)


@contextmanager
def changing(call: "Call", *, heard: bool) -> Iterator[None]:
    """Save what the block changes of a locked call, and publish it if others see it.

    ``heard`` says that the company is the source.
    """
    previous = State(call.state) if call.version else None
    before, stored = previous and _published(call), _stored(call)
    yield
    if before == _published(call):
        if stored != _stored(call):
            call.save()
        return
    call.version += 1
    call.changed_at = timezone.now()
    call.check_at = call.next_check(heard=heard)
    call.save()
    logger.info(
        "call changed call=%d sid=%s state=%s version=%d",
        *(call.pk, call.sid, call.state, call.version),
    )
    announce(call, previous)


def _stored(call: "Call") -> dict[str, Any]:
    """Return the columns of the row; a list is a copy."""
    values = {field.attname: getattr(call, field.attname) for field in call._meta.fields}
    return {name: [*one] if isinstance(one, list) else one for name, one in values.items()}


def _published(call: "Call") -> dict[str, Any]:
    return {**call.data(), "version": None, "at": None}

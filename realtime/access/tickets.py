"""Tickets of this project: signed, for one user, used once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db import DatabaseError, IntegrityError, router, transaction
from django.utils.crypto import constant_time_compare

from realtime.access.login import Login
from realtime.concurrency.removal import remove_unlocked
from realtime.exceptions import TicketExpired
from realtime.logs import get_logger

logger = get_logger(__name__)

SALT = "realtime.tickets"

SEPARATOR = "~"
"""Django's own, a colon, can't stand in a subprotocol (RFC 9110, section 5.6.2)."""

KEEP = 3600
"""Seconds that a used ticket is remembered after its end, since clocks of machines differ."""

PRUNE_EVERY = 60.0
"""Seconds between two removals of what need not be remembered, by one process."""

BATCH = 1000
"""Rows that one statement removes."""


class Ticket(NamedTuple):
    """What a ticket says."""

    user: str
    """The primary key, as text."""
    login: str
    """A digest of what ends a user's sessions when it changes: the password."""
    nonce: str
    expires: int
    """Milliseconds since 1970."""
    streams: list[str] | None
    session: str | None
    """The digest of the session in which it was issued."""


def write(
    user: Any, streams: Iterable[str] | None, expires: float, session: str | None = None
) -> str:
    """Return a signed ticket that ends at ``expires`` (seconds since 1970).

    All of its characters may stand in a subprotocol, and in a URL.
    """
    key = user._meta.pk.value_to_string(user)
    names = None if streams is None else sorted(streams)
    nonce, end = secrets.token_urlsafe(12), int(expires * 1000)
    ticket = Ticket(key, _digests(user)[0], nonce, end, names, session)
    return _signer().sign_object(ticket)


def read(text: str) -> Ticket | None:
    """Return what a ticket says; None for one that this project has not signed."""
    try:
        return Ticket(*_signer().unsign_object(text))
    except BadSignature:
        return None


def redeem(ticket: Ticket, now: float) -> Login | None:
    """Return whose socket it is at ``now`` (seconds since 1970), None for no active user.

    Raises ``TicketExpired`` if it is too old, or was used.
    """
    if now * 1000 >= ticket.expires:
        raise TicketExpired("The ticket has expired.")
    user = _user_with(ticket.user)
    if user is None or not user.is_active:
        return None
    if not any(constant_time_compare(ticket.login, known) for known in _digests(user)):
        return None
    _use(ticket)
    return Login(
        user,
        streams=None if ticket.streams is None else frozenset(ticket.streams),
        digest=ticket.session,
        password=_password(user),
    )


def _signer() -> Signer:
    return Signer(salt=SALT, sep=SEPARATOR)


def _user_with(key: str) -> Any | None:
    model = get_user_model()
    try:
        return model._default_manager.filter(pk=model._meta.pk.to_python(key)).first()
    except ValidationError:  # A ticket from before the project changed its user model.
        return None


def _digests(user: Any) -> list[str]:
    """Return digests of the user's session hash; the first one goes by the present secret key.

    Of the hash itself, since the holder of a ticket can read what is in it.
    """
    hashes = [_password(user) or ""]
    if hasattr(user, "get_session_auth_fallback_hash"):
        hashes += user.get_session_auth_fallback_hash()
    return [hashlib.sha256(one.encode()).hexdigest()[:32] for one in hashes]


def _password(user: Any) -> str | None:
    """Return what a new password changes; None where the users of a project have none."""
    return user.get_session_auth_hash() if hasattr(user, "get_session_auth_hash") else None


def _use(ticket: Ticket) -> None:
    """Remember the ticket where all processes see it; of two that try, one succeeds."""
    used = apps.get_model("realtime", "UsedTicket")
    using = router.db_for_write(used)
    try:
        with transaction.atomic(using=using):
            used._default_manager.using(using).create(
                nonce=ticket.nonce, expires=ticket.expires // 1000
            )
    except IntegrityError:
        raise TicketExpired("The ticket was used before.") from None
    _pruning.run(used._default_manager.using(using))


class _Pruning:
    """Removes what need not be remembered any more: a batch at a time, with the use of a ticket."""

    def __init__(self) -> None:
        self._next = time.monotonic()

    def run(self, used: Any) -> None:
        """Remove a batch if it is time; the sign-in that it goes with does not fail with it."""
        if time.monotonic() < self._next:
            return
        old = used.filter(expires__lt=int(time.time()) - KEEP)
        try:
            with transaction.atomic(using=used.db):
                removed = remove_unlocked(old, BATCH)
        except DatabaseError as error:
            logger.error("pruning tickets failed error=%r", error)
            removed = 0
        if removed < BATCH:
            self._next = time.monotonic() + PRUNE_EVERY


_pruning = _Pruning()

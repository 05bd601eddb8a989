"""Signs the names of streams, and checks who may follow by such a name."""

from __future__ import annotations

import math
import time
from typing import Any

from django.core.signing import BadSignature, Signer

from realtime.protocol.signed_names import MARK, Claims, read, written
from realtime.protocol.stream_names import user_stream_name

SALT = "realtime.streams"


def sign(stream: str, *, user: str | None = None, seconds: float | None = None) -> str:
    """Return a signed name of ``stream``, good for ``seconds`` and for the user of that stream.

    Raises ``ValueError`` or ``TypeError`` for an age that is none.
    """
    if seconds is None:
        expires = None
    elif isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds is a number, or None, not {seconds!r}.")
    elif not 0 < seconds < math.inf:
        raise ValueError(f"seconds is above 0, not {seconds!r}.")
    else:
        expires = int((time.time() + seconds) * 1000)
    return _signer().sign(written(Claims(stream, expires, user)))


def may_follow(signed_name: str, user: Any) -> bool:
    """Tell whether the name is signed by this site, not too old, and good for ``user``."""
    if not signed_name.isascii():
        return False  # Half a character could not be hashed.
    try:
        claims = read(_signer().unsign(signed_name))
    except BadSignature:
        return False
    own = None if user.pk is None else user_stream_name(user)
    return claims is not None and claims.is_good_for(own, time.time())


def _signer() -> Signer:
    return Signer(salt=SALT, sep=MARK)

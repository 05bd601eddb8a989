"""Streams that are followed by a signed name."""

from __future__ import annotations

from typing import Any

from realtime.access.signed_names import may_follow, sign
from realtime.concurrency.threads import nonblocking
from realtime.exceptions import Refused
from realtime.protocol.signed_names import plain_name
from realtime.protocol.stream_names import require_stream_name, user_stream_name
from realtime.streams.stream import Stream


def sign_stream(to: Any, *, user: Any = None, seconds: float | None = None) -> str:
    """Return a name of the stream ``to`` that allows its holder to follow it.

    ``to`` is a stream's name, or a user, who stands for their own stream. With ``user`` it is good
    for that user alone, and with ``seconds`` for so long from now; else for as long as the site's
    ``SECRET_KEY`` is. Raises ``ValueError`` or ``TypeError`` for what can't be signed.
    """
    return sign(
        require_stream_name(to) if isinstance(to, str) else _stream_of(to),
        user=None if user is None else _stream_of(user),
        seconds=seconds,
    )


def _stream_of(user: Any) -> str:
    """Of any other object with a primary key, it would be the stream of a stranger."""
    if not hasattr(user, "is_authenticated"):
        raise TypeError(f"Name a stream, or a user, not {user!r}.")
    return user_stream_name(user)


class SignedStream(Stream):
    """A stream that is followed by a signed name, which decides instead of ``authorize``.

    All else is that of the class that serves the prefix, but for messages, which it takes from none
    of these followers.
    """

    public = True
    reauthorize_every = 60.0  # It asks nobody.

    def __init__(self, signed_name: str) -> None:
        super().__init__(plain_name(signed_name))
        self.signed_name = signed_name

    @nonblocking
    def authorize(self, user: Any) -> bool:
        return may_follow(self.signed_name, user)

    @nonblocking
    def receive(self, user: Any, name: str, data: Any) -> Any:
        raise Refused(f"A signed name allows to follow {self.name}, and not to send to it.")


def signed_class(stream_class: type[Stream]) -> type[Stream]:
    """Return the subclass of a class that is followed by signed names."""
    if stream_class not in _signed_classes:
        name = f"Signed{stream_class.__name__}"
        _signed_classes[stream_class] = type(name, (SignedStream, stream_class), {})
    return _signed_classes[stream_class]


_signed_classes: dict[type[Stream], type[Stream]] = {}

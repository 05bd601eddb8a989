"""What realtime raises of its own: one root, so that one ``except`` can take it all."""

from __future__ import annotations

__all__ = ["RealtimeException", "Refused", "TicketExpired"]


class RealtimeException(Exception):
    """The root of all exceptions of this package."""


class Refused(RealtimeException):
    """Raised by ``Stream.receive`` to refuse a message; its sentence goes to the sender."""


class TicketExpired(RealtimeException):
    """Raised by an ``AUTHENTICATE`` function for a ticket that was good once.

    The client comes back with a new one.
    """


class FrameError(RealtimeException):
    """A frame that can't be taken; its sender gets it as an ``error`` frame."""

    def __init__(self, code: str, message: str, ref: int | str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.ref = ref


class SignedOut(RealtimeException):
    """The user or the session of a socket is gone, so its command is not carried out."""


class RealtimeError(RealtimeException):
    """The server answered a command of a test's client with an ``error`` frame.

    ``code`` is one of the protocol's.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class PositionLost(RealtimeException):
    """The log no longer has the events that follow a position, or they are of another epoch."""


class LinkFault(RealtimeException):
    """The channel layer did not do what it was asked."""


class Outdated(RealtimeException):
    """A message has waited for so long that its user has to be asked for again."""

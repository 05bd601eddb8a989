"""The close codes, and which of them let a client come back.

4400 to 4499: come back. 4500 to 4999: stay away until something changes. Private codes start at
4000 (RFC 6455, section 7.4.2). ``close_codes.js`` holds the same table; a test compares them.
"""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """A code of ours; programs decide on the number, ``reason`` is for people."""

    reason: str

    def __new__(cls, number: int, reason: str) -> CloseCode:
        """Make a member of its number and its reason."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.reason = reason
        return code

    EXPIRED = 4401, "expired"
    """The ticket has expired or was used. The client comes back with a new one."""
    DISCONNECTED_FOR_NOW = 4406, "disconnected by the application for now"
    """The application ended this socket. The client comes back after the usual wait."""
    STALE = 4408, "stale"
    """The peer did not answer a ping in time. The client comes back immediately."""
    RESTARTING = 4412, "restarting"
    """The server stops, or a replay failed. The client comes back after the wait of ``bye``."""
    TOO_SLOW = 4413, "too slow"
    """The client takes less than it is sent. It comes back, and resumes where it was."""
    LATE_SIGN_IN = 4414, "signing in took too long"
    """The user was not known in time. The client comes back after the usual wait."""
    TOO_MANY_FRAMES = 4429, "too many frames"
    """The client sent more frames than it may. It comes back after the usual wait."""
    TOO_MANY_CONNECTIONS = 4430, "too many new connections"
    """The process lets no more in for now. The client comes back after the wait of ``bye``."""
    TOO_MANY_VISITORS = 4431, "too many visitors at this address"
    """The address has as many as it may. The client comes back after the wait of ``bye``."""
    SERVER_ERROR = 4500, "server error"
    """The server has a fault that will not go away by itself. The client stays away."""
    NOT_SIGNED_IN = 4501, "not signed in"
    """The server takes no visitors. The client stays away: the page has the user log in."""
    PROTOCOL_ERROR = 4502, "protocol error"
    """The client broke the protocol. It stays away: a newer client is needed."""
    UNSUPPORTED_VERSION = 4503, "unsupported version"
    """The client offers only versions that the server lacks. It stays away: reload the page."""
    SIGNED_OUT = 4504, "signed out"
    """The login has ended. The client stays away: the page has the user log in again."""
    TOO_MANY_SOCKETS = 4505, "one socket too many for this user"
    """The user has newer sockets, as many as are allowed. This one stays away."""
    DISCONNECTED = 4506, "disconnected by the application"
    """The application ended this socket. It stays away until the page connects again."""


RIGHT_ENDED = {
    CloseCode.EXPIRED,
    CloseCode.DISCONNECTED_FOR_NOW,
    CloseCode.SIGNED_OUT,
    CloseCode.DISCONNECTED,
}
"""Codes after which nothing more is handed out, not even what waits already."""


def may_reconnect(code: int) -> bool:
    """Tell whether a client that was closed with ``code`` should come back by itself."""
    return not 4500 <= code <= 4999

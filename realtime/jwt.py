"""Signs sockets in by JSON Web Tokens; the extra ``jwt`` installs the PyJWT that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from realtime.access.grant import Grant
from realtime.exceptions import TicketExpired
from realtime.sockets.asgi import Scope, header

__all__ = ["JWTAuthenticator", "authenticate"]

Key = str | bytes | Callable[[str], Any]


class JWTAuthenticator:
    """A function for ``REALTIME["AUTHENTICATE"]``: the user whom a JSON Web Token names.

    ``key`` is the secret or the public key, or a function of the token that returns it; None takes
    ``SECRET_KEY``. ``algorithms`` are those that the key is for. ``audience`` and ``issuer`` have
    to be the token's, and a token with an audience needs one here. The first of the ``claims`` that
    the token has is the user's ``field``. ``leeway`` is in seconds: clocks may differ by it, and a
    socket ends so long after its token. Raises ``ValueError`` for algorithms that no key is for
    together.
    """

    def __init__(
        self,
        *,
        key: Key | None = None,
        algorithms: Sequence[str] = ("HS256",),
        audience: str | Iterable[str] | None = None,
        issuer: str | Sequence[str] | None = None,
        claims: Sequence[str] = ("sub", "user_id"),
        field: str = "pk",
        leeway: float = 10.0,
    ) -> None:
        if isinstance(algorithms, str):
            raise TypeError(f"algorithms are several, so write [{algorithms!r}].")
        if not algorithms or "none" in {name.lower() for name in algorithms}:
            raise ValueError("Without an algorithm, anybody could write a token.")
        if len({name.startswith("HS") for name in algorithms}) > 1:
            raise ValueError("A public key must not count as a secret: HS... goes with no other.")
        self._key = key
        self._algorithms = list(algorithms)
        self._audience = audience
        self._issuer = issuer
        self._claims = tuple(claims)
        self._field = field
        self._leeway = leeway

    def __call__(self, scope: Scope, ticket: str | None) -> Grant | None:
        """Return whose token it is and when it ends, or None for no user.

        Without a ticket, the token is that of ``Authorization: Bearer``, which programs can send.
        Raises ``TicketExpired`` for a token that was good once.
        """
        token = _bearer(scope) if ticket is None else ticket
        if token is None:
            return None
        try:
            claims = self._decode(token)
        except jwt.ExpiredSignatureError:
            raise TicketExpired("The token has expired.") from None
        except jwt.PyJWKClientConnectionError as error:
            raise ConnectionError("The keys could not be fetched.") from error
        except (jwt.InvalidTokenError, jwt.PyJWKClientError):
            return None
        user = self._user(claims)
        return None if user is None else Grant(user, expires=float(claims["exp"]) + self._leeway)

    def _decode(self, token: str) -> dict[str, Any]:
        return jwt.decode(
            token,
            self._key_for(token),
            algorithms=self._algorithms,
            audience=self._audience,
            issuer=self._issuer,
            leeway=self._leeway,
            # A token without an end would open a door that nobody can close. Numbers as sub are
            # against RFC 7519, and common.
            options={"require": ["exp"], "verify_sub": False},
        )

    def _key_for(self, token: str) -> Any:
        if self._key is None:
            return settings.SECRET_KEY
        return self._key(token) if callable(self._key) else self._key

    def _user(self, claims: dict[str, Any]) -> Any | None:
        """Return the user of a token; a refresh token of ``simplejwt`` is for other things."""
        if claims.get("token_type", "access") != "access":
            return None
        value = next((claims[name] for name in self._claims if name in claims), None)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        model = get_user_model()
        try:
            return model._default_manager.filter(**{self._field: value}).first()
        except (ValidationError, ValueError, OverflowError):
            return None  # No user can have such a key.


def _bearer(scope: Scope) -> str | None:
    scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


authenticate = JWTAuthenticator()
"""For tokens signed with ``SECRET_KEY`` by HS256: those of ``simplejwt``, as it is by default."""

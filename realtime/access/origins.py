"""Checks from which page a socket may be opened."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils.http import is_same_domain

from realtime.sockets.asgi import Scope, headers


def is_foreign(scope: Scope) -> bool:
    """Tell whether a page of another site opened the socket, by the rule of Django's CSRF check.

    A page may come from the scheme, host and port that it connects to, if ``ALLOWED_HOSTS`` has
    that host, or from ``CSRF_TRUSTED_ORIGINS``. A client without an ``Origin`` is a program, which
    has no visitor's session to misuse.
    """
    request = _handshake(scope)
    origin = request.META.get("HTTP_ORIGIN")
    return origin is not None and origin != _own_origin(request) and not _is_trusted(origin)


def _handshake(scope: Scope) -> ASGIRequest:
    """Return the handshake as a request, which applies Django's settings for proxies and hosts."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    about = {"type": "http", "method": "GET", "path": "/", "scheme": scheme}
    return ASGIRequest(
        {**about, "server": scope.get("server"), "headers": headers(scope)}, BytesIO()
    )


def _own_origin(request: ASGIRequest) -> str | None:
    """Return the origin of the site's own pages, None where the host is not the site's."""
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return None


def _is_trusted(origin: str) -> bool:
    """Compare as Django does: only ``https://*.example.com`` stands for subdomains."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    wildcards = (urlsplit(one) for one in settings.CSRF_TRUSTED_ORIGINS if "*" in one)
    return any(
        page.scheme == trusted.scheme and is_same_domain(page.netloc, trusted.netloc.lstrip("*"))
        for trusted in wildcards
    )

"""Judges the project's own settings, processes and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realtime.doctor.finding import Finding, error, ok, skipped, warning

JAVASCRIPT = {"text/javascript", "application/javascript", "application/x-javascript"}

UVICORN_FOR_PROTOCOL = (0, 54)
"""The first with which ``realtime.uvicorn.WebSocketProtocol`` works."""


@dataclass(frozen=True)
class Reception:
    """Whether the settings would accept a page of the public address."""

    host: str
    host_allowed: bool
    directly: bool
    """By the scheme that the server itself sees."""
    behind_proxy: bool
    """Where a proxy ends TLS and says so by SECURE_PROXY_SSL_HEADER."""


@dataclass(frozen=True)
class Modules:
    """What became of the browser client's files under the storage in use."""

    entry: str
    """The URL of ``realtime/index.js``."""
    found: int
    missing: Sequence[str]
    """Names that a module imports, and that are not there."""
    unhashed: Sequence[str] = ()
    """Names without a hash that a module with a hash imports."""


def judge_layer(in_memory: bool, workers: int | None, seconds: float | None) -> Finding:
    """Judge the channel layer: ``seconds`` is a round trip over it, None if nothing came back."""
    if in_memory and workers is not None and workers > 1:
        return error(
            "layer",
            f"The in-memory channel layer, and {workers} workers (WEB_CONCURRENCY).",
            why="An event reaches only the sockets of the process that publishes it.",
            do="Use channels_redis.pubsub.RedisPubSubChannelLayer, or without Redis "
            "realtime.layer.postgres.PostgresChannelLayer, or one worker.",
        )
    if seconds is None:
        return error(
            "layer",
            "A message that was sent to a group over the channel layer did not come back.",
            why="Events come late by checks of the log, and ephemeral ones never.",
            do="See the findings on Redis, and CHANNEL_LAYERS.",
        )
    if in_memory:
        return ok("layer", "The channel layer is in-memory: good for one process alone.")
    return ok("layer", f"A message to a group comes back after {seconds * 1000:.1f} ms.")


def judge_server(installed: Mapping[str, str]) -> Finding:
    """Judge the ASGI servers that are installed, and Uvicorn's libraries, with their versions."""
    libraries = {"websockets", "wsproto"} & installed.keys()
    if not installed.keys() - libraries:
        return error(
            "server",
            "No ASGI server is installed.",
            why="A WSGI server serves no WebSocket.",
            do="Install Uvicorn (channels-realtime[uvicorn]) or Daphne; see docs/deployment.md.",
        )
    names = ", ".join(f"{name} {version}" for name, version in installed.items())
    uvicorn = installed.get("uvicorn")
    if uvicorn is not None and _version(uvicorn) < UVICORN_FOR_PROTOCOL:
        return warning(
            "server",
            f"Installed: {names}.",
            why="realtime.uvicorn.WebSocketProtocol needs Uvicorn 0.54.",
            do="Update Uvicorn, or serve without --ws realtime.uvicorn:WebSocketProtocol.",
        )
    if uvicorn is not None and not libraries:
        return warning(
            "server",
            f"Installed: {names}, but neither websockets nor wsproto.",
            why="Uvicorn serves no WebSocket without one of them: each handshake fails.",
            do="pip install 'channels-realtime[uvicorn]'",
        )
    return ok("server", f"Installed: {names}.")


def judge_workers(workers: int | None) -> Finding:
    """Judge what is known of the number of workers."""
    if workers is None:
        return skipped("workers", "WEB_CONCURRENCY is not set, so nobody says how many there are.")
    return ok("workers", f"{workers} (WEB_CONCURRENCY).")


def judge_modules(seen: Modules) -> Finding:
    """Judge whether a browser finds all modules."""
    if seen.missing:
        return error(
            "modules",
            f"{seen.entry} needs what is not there: {', '.join(seen.missing[:3])}.",
            why="The browser client doesn't load, so no page connects.",
            do="Run manage.py collectstatic --clear with the settings of the servers.",
        )
    if seen.unhashed:
        return warning(
            "modules",
            f"Modules with hashed names import {len(seen.unhashed)} by plain ones.",
            why="After an update browsers mix old modules from their cache with new ones.",
            do="Set support_js_module_import_aggregation = True on the storage; see "
            "docs/deployment.md, Static files.",
        )
    return ok("modules", f"{seen.entry} and all {seen.found} modules it needs are there.")


@dataclass(frozen=True)
class Fetched:
    """What became of a module that a browser would load."""

    url: str
    status: int | None
    kind: str = ""
    """Its ``Content-Type``."""
    failure: str = ""

    @property
    def fault(self) -> str:
        """Why a browser would not run it, empty if it would."""
        if self.status is None:
            return f"{self.url}: {self.failure}"
        if self.status != 200:
            return f"{self.url} is a {self.status}"
        if self.kind.partition(";")[0].strip().lower() not in JAVASCRIPT:
            return f"{self.url} comes as {self.kind or 'no type'}"
        return ""


def judge_fetched(modules: Sequence[Fetched], *, all_came: bool) -> Finding:
    """Judge the browser client's modules as they came over the public address."""
    faults = [each.fault for each in modules if each.fault]
    if not faults and not all_came:
        return warning(
            "module-files",
            f"Only {len(modules)} modules came in time.",
            why="A page that loads so slowly connects late, after each update.",
            do="Have the proxy serve STATIC_ROOT, over HTTP/2 if it can.",
        )
    if not faults:
        return ok("module-files", f"A browser gets all {len(modules)} modules of the client.")
    return error(
        "module-files",
        f"{len(faults)} of {len(modules)}: {faults[0]}.",
        why="A browser runs no module that is missing or not JavaScript, so no page connects.",
        do="Run collectstatic, serve STATIC_ROOT at STATIC_URL by the proxy or by WhiteNoise, and "
        "have .js come as text/javascript.",
    )


def judge_reception(seen: Reception, *, is_secure: bool) -> Finding:
    """Judge whether the settings would refuse the public address."""
    if not seen.host_allowed:
        return error(
            "public-address",
            f"ALLOWED_HOSTS lacks {seen.host}.",
            why="Each request to this name gets 400, and each socket 403.",
            do="Add it to ALLOWED_HOSTS.",
        )
    if seen.directly or seen.behind_proxy:
        return ok("public-address", f"The settings accept pages of {seen.host}.")
    if is_secure:
        return warning(
            "public-address",
            f"The settings accept pages of https://{seen.host} only where the server sees https.",
            why="Where TLS ends at a proxy, the server sees http, and refuses each socket.",
            do="Set SECURE_PROXY_SSL_HEADER, and have the proxy set that header; or name the "
            "origin in CSRF_TRUSTED_ORIGINS. Uvicorn takes the scheme from a proxy by itself.",
        )
    return error(
        "public-address",
        f"The settings refuse pages of http://{seen.host}.",
        why="No page of this address can open a socket.",
        do="Add the origin to CSRF_TRUSTED_ORIGINS.",
    )


def judge_cookie(*, secure: bool, domain: str | None, host: str, is_secure: bool) -> Finding:
    """Judge whether browsers would send the session's cookie to the public address."""
    if secure and not is_secure:
        return error(
            "session-cookie",
            "SESSION_COOKIE_SECURE is on, and the address is http.",
            why="Browsers don't send the cookie, so nobody is signed in.",
            do="Serve https, or switch it off where http is meant.",
        )
    bare = (domain or "").lstrip(".")
    if bare and host != bare and not host.endswith(f".{bare}"):
        return error(
            "session-cookie",
            f"SESSION_COOKIE_DOMAIN is {domain}, and the address {host}.",
            why="Browsers refuse a cookie for another domain, so nobody is signed in.",
            do="Leave SESSION_COOKIE_DOMAIN out, or name a parent of the host.",
        )
    return ok("session-cookie", "Browsers send the session's cookie to this address.")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())

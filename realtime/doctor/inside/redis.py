"""Asks each Redis that the settings name."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings

from realtime.checks.databases import logs_in
from realtime.conf import realtime_settings
from realtime.doctor.finding import Findings, skipped
from realtime.doctor.rules.redis import LAYER, RedisFacts, judge_redis, judge_unreachable

PINGS = 5
ANSWER_WITHIN = 2.0
"""Seconds."""

KEPT = {"presence": "PRESENCE", "recorder": "RECORDER"}
"""What else may be kept in a Redis, and the setting that names it."""

REDIS_LOG = "realtime.eventlog.redis.RedisEventLog"

Options = dict[str, Any]


@dataclass
class Place:
    """One Redis by its address, and what it is for."""

    name: str
    options: Options
    uses: set[str] = field(default_factory=set)


def examine_redis() -> Findings:
    """Return the findings on each Redis; where there is none, that."""
    places = list(_places())
    if not places:
        return [skipped("redis", "The settings name no Redis.")]
    return [finding for place in places for finding in _examine(place)]


def _places() -> Iterator[Place]:
    """Return each Redis once for each user of it: rights go by the user."""
    found: dict[str, Place] = {}
    uses: dict[str, set[str]] = defaultdict(set)
    for use, options in _configured():
        key = repr(sorted(options.items(), key=str))
        found.setdefault(key, Place(_name(options), options))
        uses[key].add(use)
    for key, place in found.items():
        place.uses = uses[key]
        yield place


def _configured() -> Iterator[tuple[str, Options]]:
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {})
    if "redis" in layer.get("BACKEND", "").lower():
        for host in layer.get("CONFIG", {}).get("hosts") or [{"host": "localhost", "port": 6379}]:
            yield LAYER, _options(host)
    for use, setting in _stores():
        options = setting.get("OPTIONS", {})
        url = options.get("url")
        if url and options.get("sentinels"):
            name = urlsplit(url).hostname
            yield use, {"sentinels": options["sentinels"], "master_name": name}
        elif url:
            yield use, {"address": url}


def _stores() -> Iterator[tuple[str, Options]]:
    """Name what is kept: presence goes with the log unless it is set."""
    ours = realtime_settings()
    log = ours.EVENT_LOG or {}
    for one in logs_in(log):
        yield "event log", one
    for use, setting in KEPT.items():
        configured = getattr(ours, setting, False)
        if isinstance(configured, dict):
            yield use, configured
    if ours.PRESENCE is True and log.get("BACKEND") == REDIS_LOG:
        yield "presence", log


def _options(host: Any) -> Options:
    """Read a host as channels_redis does: a URL, a pair, or a dict."""
    if isinstance(host, str):
        return {"address": host}
    if isinstance(host, dict):
        return dict(host)
    return {"host": host[0], "port": host[1]}


def _name(options: Options) -> str:
    """Name it without its password."""
    if "address" in options:
        url = urlsplit(str(options["address"]))
        return f"{url.netloc.rpartition('@')[2]}{url.path}".rstrip("/")
    if "sentinels" in options:
        return f"sentinel {options.get('master_name', '')}"
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _examine(place: Place) -> Findings:
    import redis

    if "sentinels" in place.options:
        return [skipped("redis", f"{place.name}: not examined, its sentinels name it.")]
    more = {"socket_timeout": ANSWER_WITHIN, "socket_connect_timeout": ANSWER_WITHIN}
    options = {**place.options, **more}
    address = options.pop("address", None)
    client: Any = redis.Redis.from_url(address, **options) if address else redis.Redis(**options)
    try:
        with contextlib.closing(client):
            return judge_redis(_facts(client, place))
    except (redis.RedisError, OSError, TypeError, ValueError) as reason:
        return [judge_unreachable(place.name, place.uses, str(reason))]


def _facts(client: Any, place: Place) -> RedisFacts:
    return RedisFacts(
        name=place.name,
        uses=place.uses,
        latencies=[_ping(client) for _ in range(PINGS)],
        version=_asked(client.info, "server").get("redis_version"),
        policy=_config(client, "maxmemory-policy"),
        max_memory=_asked(client.info, "memory").get("maxmemory"),
        buffer_limits=_config(client, "client-output-buffer-limit"),
        pub_sub=_pub_sub(client) if LAYER in place.uses else None,
    )


def _ping(client: Any) -> float:
    began = time.perf_counter()
    client.echo("realtime")
    return time.perf_counter() - began


def _config(client: Any, name: str) -> str | None:
    value = _asked(client.config_get, name).get(name)
    return value.decode() if isinstance(value, bytes) else value


def _asked(question: Any, name: str) -> dict[str, Any]:
    """Return an answer, empty where this user may not ask."""
    import redis

    try:
        answer: dict[str, Any] = question(name)
    except redis.ResponseError:  # A hosted Redis has no CONFIG, an ACL may forbid INFO.
        return {}
    return {
        str(key.decode() if isinstance(key, bytes) else key): each for key, each in answer.items()
    }


def _pub_sub(client: Any) -> str:
    """Publish to a channel that is subscribed to; returns why that fails, empty if it doesn't."""
    import redis

    prefix = getattr(settings, "CHANNEL_LAYERS", {})["default"].get("CONFIG", {}).get("prefix")
    channel = f"{prefix or 'asgi'}realtime-doctor-{uuid4().hex}"
    subscriber = client.pubsub(ignore_subscribe_messages=False)
    try:
        subscriber.subscribe(channel)
        subscriber.get_message(timeout=ANSWER_WITHIN)
        client.publish(channel, "there?")
        answer = subscriber.get_message(timeout=ANSWER_WITHIN)
    except redis.ResponseError as reason:
        return str(reason)
    finally:
        subscriber.close()
    return "" if answer and answer["type"] == "message" else "a published message did not come"

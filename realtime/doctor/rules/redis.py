"""Judges a Redis by what it says of itself, and by what it lets this project do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

from realtime.doctor.finding import Finding, Findings, error, ok, skipped, warning

OLDEST = (5, 0)
"""The first with streams, which the log and Channels' layers need."""

SUPPORTED = (6, 2)
"""Older ones get no more corrections."""

KEEPS_ALL = "noeviction"

LAYER = "channel layer"

SMALL_BUFFER = 8 * 1024 * 1024
"""Bytes: a burst of a thousand events of 8 KiB for a process that is busy for a moment."""

SLOW = 0.02
"""Seconds of a round trip, which each publish waits for."""


@dataclass(frozen=True)
class RedisFacts:
    """What was seen of one Redis; None stands for what it doesn't show this user."""

    name: str
    """Its host and port."""
    uses: Collection[str]
    """What it is for: the channel layer, event log, presence."""
    version: str | None
    latencies: Collection[float]
    policy: str | None = None
    max_memory: int | None = None
    """Bytes, 0 without a limit."""
    buffer_limits: str | None = None
    """``client-output-buffer-limit``."""
    pub_sub: str | None = None
    """Why pub/sub does not work; empty where it does, None where it isn't needed."""

    @property
    def keeps(self) -> list[str]:
        """The uses for which it has to keep what was written."""
        return sorted(use for use in self.uses if use != LAYER)


def judge_redis(seen: RedisFacts) -> Findings:
    """Judge everything that was seen of one Redis."""
    findings = [judge_version(seen), judge_latency(seen)]
    if seen.keeps:
        findings.append(judge_memory(seen))
    if seen.pub_sub is not None:
        findings += [judge_pub_sub(seen), judge_buffers(seen)]
    return findings


def judge_version(seen: RedisFacts) -> Finding:
    """Judge its version."""
    what = f"{seen.name} ({', '.join(sorted(seen.uses))}) answers"
    if seen.version is None:
        return ok("redis", f"{what}; it does not show its version here.")
    what += f", version {seen.version}"
    version = tuple(int(part) for part in seen.version.split(".")[:2] if part.isdecimal())
    if version < OLDEST:
        return error(
            "redis",
            f"{what}.",
            why="Streams and scripts that the project uses came with 5.0.",
            do="Update it: Redis 6.2 or newer, or Valkey.",
        )
    if version < SUPPORTED:
        return warning(
            "redis",
            f"{what}.",
            why="It gets no corrections any more.",
            do="Update it: Redis 6.2 or newer, or Valkey.",
        )
    return ok("redis", f"{what}.")


def judge_latency(seen: RedisFacts) -> Finding:
    """Judge a round trip to it."""
    typical = median(seen.latencies)
    what = f"{seen.name}: {typical * 1000:.1f} ms there and back."
    if typical > SLOW:
        return warning(
            "redis-latency",
            what,
            why="Each publish waits for it, in the request that publishes.",
            do="Run it in the same zone as the servers; see SLOWLOG and its CPU.",
        )
    return ok("redis-latency", what)


def judge_memory(seen: RedisFacts) -> Finding:
    """Judge whether it keeps what it was given."""
    keeps = " and ".join(seen.keeps)
    if seen.policy is None:
        return skipped("redis-memory", f"{seen.name} does not show its maxmemory-policy here.")
    if seen.policy == KEEPS_ALL:
        return ok("redis-memory", f"{seen.name} keeps all keys ({KEEPS_ALL}).")
    why = (
        f"When its memory is full, Redis drops keys of {keeps}: pages start again, locks get lost."
    )
    do = f"CONFIG SET maxmemory-policy {KEEPS_ALL}, and a Redis of its own for caches."
    if seen.max_memory == 0:
        what = f"{seen.name} has maxmemory-policy {seen.policy}, and no maxmemory yet."
        return warning("redis-memory", what, why=why, do=do)
    return error("redis-memory", f"{seen.name} has {seen.policy}.", why=why, do=do)


def judge_pub_sub(seen: RedisFacts) -> Finding:
    """Judge whether the layer's user may publish and subscribe."""
    if seen.pub_sub:
        return error(
            "redis-pubsub",
            f"{seen.name} refuses pub/sub: {seen.pub_sub}.",
            why="No event reaches another process; pages get them late, by checks of the log.",
            do="Grant the layer's user its commands and channels: ACL SETUSER name +@pubsub "
            "resetchannels &*, or the prefix of the layer in place of *.",
        )
    return ok("redis-pubsub", f"{seen.name} lets the layer publish and subscribe.")


def judge_buffers(seen: RedisFacts) -> Finding:
    """Judge the bytes that Redis keeps for a process that is slow to read."""
    words = (seen.buffer_limits or "").split()
    if "pubsub" not in words:
        return skipped("redis-buffers", f"{seen.name} does not show its buffer limits here.")
    at = words.index("pubsub")
    hard, soft, seconds = (int(word) for word in words[at + 1 : at + 4])
    what = f"{seen.name} keeps {_mib(hard)} for a late reader ({_mib(soft)} for {seconds} s)."
    if any(0 < limit < SMALL_BUFFER for limit in (hard, soft)):
        return warning(
            "redis-buffers",
            what,
            why="In a burst Redis ends the process's link; its events come late then.",
            do="CONFIG SET client-output-buffer-limit 'pubsub 32mb 8mb 60', Redis's own default.",
        )
    return ok("redis-buffers", what)


def judge_unreachable(name: str, uses: Collection[str], reason: str) -> Finding:
    """Judge a Redis that does not answer."""
    return error(
        "redis",
        f"{name} ({', '.join(sorted(uses))}) can't be used: {reason}.",
        why="Events come late or not at all, and what is kept there can't be read.",
        do="See whether it runs, and whether its address, password and ACL user are right.",
    )


def _mib(number: int) -> str:
    return f"{number / 1024 / 1024:g} MiB" if number else "everything"

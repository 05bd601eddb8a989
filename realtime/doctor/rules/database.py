"""Judges a database by what it was seen to do."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.doctor.finding import Finding, error, ok, warning

TOLERABLE_CLOCK = 1.0
"""Seconds: times of events and of leases are compared by people and programs."""

WRONG_CLOCK = 30.0
"""Seconds: tickets run out by then, and so do the leases of presence."""

TOLERABLE_LAG = 1.0
"""Seconds."""

READ_COMMITTED = "read committed"


def judge_isolation(level: str) -> Finding:
    """Judge the isolation of a transaction that says nothing of it."""
    if level == READ_COMMITTED:
        return ok("isolation", f"Transactions are {level}.")
    return warning(
        "isolation",
        f"Transactions are {level}.",
        why="Of two that change the same rows one fails, and has to be repeated by your code; what "
        "it published is gone with it.",
        do="Leave out the isolation level in the database's OPTIONS, or repeat what fails.",
    )


def judge_pooler(
    backends: Sequence[int], *, named: Sequence[str], cursors_disabled: bool
) -> Finding:
    """Judge from the servers' process ids that one connection saw, before and after others worked.

    ``named`` are the reasons for which a session has to stay the same.
    """
    if len(set(backends)) <= 1:
        return ok("pooler", "A connection keeps its session.")
    what = "One connection was served by several sessions: a pooler in transaction mode."
    if cursors_disabled and not named:
        return ok("pooler", f"{what} DISABLE_SERVER_SIDE_CURSORS is set for it.")
    return warning(
        "pooler",
        what,
        why="Server-side cursors, prepared statements and SET of a session get lost between two "
        "transactions." + "".join(f" {reason}" for reason in named),
        do="Set DISABLE_SERVER_SIDE_CURSORS for the database and leave prepare_threshold out, or "
        "use session mode (PgBouncer: pool_mode = session).",
    )


def judge_clock(seconds: float, error_of_measurement: float) -> Finding:
    """Judge by how much the database's clock is ahead of this machine's; negative: behind."""
    ahead = "ahead of" if seconds > 0 else "behind"
    what = f"The database's clock is {abs(seconds):.2f} s {ahead} this machine's"
    off = max(0.0, abs(seconds) - error_of_measurement)
    why = (
        "Ages, leases and tickets are judged by both clocks; journeys show times in a wrong order."
    )
    do = "Synchronize both machines by NTP (timedatectl, chronyc tracking)."
    if off > WRONG_CLOCK:
        return error("clock", f"{what}.", why=why, do=do)
    if off > TOLERABLE_CLOCK:
        return warning("clock", f"{what}.", why=why, do=do)
    return ok("clock", f"{what}, give or take {error_of_measurement * 1000:.0f} ms.")


def judge_time_zone(expected: str, used: str, *, offsets_differ: bool, use_tz: bool) -> Finding:
    """Judge the zone in which the database's sessions are, beside the one that Django expects."""
    if not offsets_differ:
        return ok("time-zone", f"The database's sessions are in {used}, as Django expects.")
    what = f"The database's sessions are in {used}, Django expects {expected}."
    why = "Times come back shifted by the difference" + (
        ", without a mark, as USE_TZ is off."
        if not use_tz
        else " where SQL of your own makes them."
    )
    do = (
        "Set TIME_ZONE of the database in DATABASES to what it uses. A pooler in transaction mode "
        "may lose the SET of a session: set it for the role, ALTER ROLE name SET timezone."
    )
    return (warning if use_tz else error)("time-zone", what, why=why, do=do)


def judge_lag(alias: str, seconds: float | None, *, is_replica: bool) -> Finding:
    """Judge how far a replica is behind; None: it has replayed nothing yet of what came."""
    if not is_replica:
        return ok("replica", f"{alias!r} is the same server, or no replica in recovery.")
    behind = "nobody knows how long" if seconds is None else f"{seconds:.2f} s"
    if seconds is not None and seconds <= TOLERABLE_LAG:
        return ok("replica", f"{alias!r} is {behind} behind.")
    return warning(
        "replica",
        f"{alias!r} is {behind} behind.",
        why="A page that reads its data there shows less than its position says, so an event that "
        "falls between is missing on it.",
        do="Read what a page shows together with its position from the primary; see why it lags.",
    )


def judge_migrations(missing: Sequence[str]) -> Finding:
    """Judge the migrations that the database lacks."""
    if not missing:
        return ok("migrations", "All migrations are applied.")
    ours = any(name.startswith("realtime.") for name in missing)
    what = f"Not applied: {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}."
    do = "Run manage.py migrate before the servers start."
    if ours:
        return error("migrations", what, why="Publishing and presence fail without them.", do=do)
    return warning("migrations", what, why="What needs them fails.", do=do)


def judge_no_database(alias: str, reason: str) -> Finding:
    """Judge a database that can't be used."""
    return error(
        "database",
        f"{alias!r} can't be used: {reason}.",
        why="Nobody can sign in, and no event can be kept.",
        do="See whether it runs, and whether its address and password are right.",
    )

"""How the channel layer connects to PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

OPTIONS = {
    "connect_timeout": 5,
    "fallback_application_name": "channel layer",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
"""What libpq gets unless the project says otherwise: most of it is to notice a silent cut."""


def parameters(database: str, dsn: str | None) -> dict[str, Any]:
    """Return how to connect: by a DSN, or as Django does to the database with an alias.

    Raises ``ImproperlyConfigured`` for one that is no PostgreSQL.
    """
    if dsn is not None:
        return {**OPTIONS, **conninfo_to_dict(dsn)}
    is_there = database in connections.databases
    vendor = connections[database].vendor if is_there else "not in DATABASES"
    if vendor != "postgresql":
        raise ImproperlyConfigured(
            f"PostgresChannelLayer needs PostgreSQL, and the database {database!r} is {vendor}: "
            "set its CONFIG to {'database': <alias>} or {'dsn': ...}."
        )
    connection = connections[database]
    found = {**OPTIONS, **connection.get_connection_params()}
    for only_django in ("cursor_factory", "context"):
        found.pop(only_django, None)
    return found

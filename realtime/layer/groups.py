"""The names of the channel layer's groups: they carry the site, since a layer may be shared.

A Redis database number separates nothing in pub/sub, so two sites on one Redis would get each
other's events. All processes of a site come to its mark by themselves, from settings that they
share; group names are needed in async code, where the event log can't be asked.
"""

from __future__ import annotations

import hashlib
import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.crypto import salted_hmac

from realtime.conf import cached_until_set, realtime_settings
from realtime.protocol.stream_names import require_stream_name

MARK_LENGTH = 8
"""Characters of a site's mark; Channels' limit of 99 leaves 9 beside the longest stream's name."""


def group_name(stream: str) -> str:
    """Return the channel layer group of a stream, for a ``group_send`` of your own.

    Raises ``ValueError`` if ``stream`` can't name one.
    """
    return f"{every_hub()}.{require_stream_name(stream)}"


@cached_until_set("REALTIME", "SECRET_KEY", "DATABASES")
def every_hub() -> str:
    """Return the group of all hubs of this site."""
    return f"realtime.{_mark()}"


def _mark() -> str:
    """Return what tells this site from others: ``REALTIME["SITE"]``, or its key and database.

    A copy of the database is another one, though all that is in it is the same.
    """
    named = realtime_settings().SITE
    if named is not None:
        digest = hashlib.blake2s(named.encode()).hexdigest()
    else:
        mac = salted_hmac("realtime.site", _database(), _secret_key(), algorithm="sha256")
        digest = mac.hexdigest()
    return digest[:MARK_LENGTH]


def _secret_key() -> str | bytes:
    """Return the key; a project that signs nothing may have none."""
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return ""


def _database() -> str:
    """Return where the default database is; a file by its full path, whatever the directory."""
    connection = connections[DEFAULT_DB_ALIAS]
    host, port, name = (str(connection.settings_dict[part]) for part in ("HOST", "PORT", "NAME"))
    return f"{host}:{port}/{os.path.abspath(name) if connection.vendor == 'sqlite' else name}"

"""Which failures pass by themselves, and which are faults that stay."""

import errno
import os
import socket
import sqlite3

import pytest
import redis
from django.core.cache import InvalidCacheBackendError
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from realtime.sockets.failures import is_for_now


def caused(error, cause):
    error.__cause__ = cause
    return error


def of_sqlite(statement):
    """Return what SQLite raises, as Django passes it on."""
    try:
        sqlite3.connect(":memory:").execute(statement)
    except sqlite3.Error as error:
        return caused(OperationalError(str(error)), error)


class MemcacheUnexpectedCloseError(Exception):
    """As pymemcache has it."""


class ConnectionInterrupted(Exception):
    """As django-redis has it, raised from the client's own."""


FOR_NOW = [
    OperationalError("server closed the connection unexpectedly"),
    InterfaceError("connection already closed"),
    redis.ConnectionError("Error 111 connecting"),
    redis.TimeoutError("Timeout reading from socket"),
    redis.BusyLoadingError("Redis is loading the dataset in memory"),
    redis.exceptions.ReadOnlyError("You can't write against a read only replica."),
    MemcacheUnexpectedCloseError(),
    ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    TimeoutError(),
    socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)),
    OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    caused(ConnectionInterrupted(), redis.ConnectionError()),
]

FOR_GOOD = [
    ProgrammingError('relation "django_session" does not exist'),
    of_sqlite("SELECT * FROM missing"),
    DataError(),
    IntegrityError(),
    InternalError(),
    ImproperlyConfigured("no such setting"),
    InvalidCacheBackendError(),
    ImportError("No module named 'sessions'"),
    redis.ResponseError("WRONGTYPE"),
    KeyError("a fault"),
    FileNotFoundError(errno.ENOENT, "no such file"),
    PermissionError(errno.EACCES, "denied"),
]


@pytest.mark.parametrize("error", FOR_NOW, ids=repr)
def test_a_store_that_is_away_is_for_now(error):
    assert is_for_now(error)


@pytest.mark.parametrize("error", FOR_GOOD, ids=repr)
def test_a_fault_is_for_good(error):
    assert not is_for_now(error)


def test_causes_that_go_round_come_to_an_end():
    first, second = KeyError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert not is_for_now(first)

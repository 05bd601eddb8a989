import asyncio

import pytest
from django.contrib.auth import get_user_model

from tests.virtual_time import VirtualTimeLoop

IN_THREADS = {"test_hook", "test_ways_in"}
"""Files whose tests sign somebody in without a database, which works in threads too."""


def pytest_asyncio_loop_factories(item):
    """Virtual time for all tests but those with a database, which works in threads."""
    if "transactional_db" in item.fixturenames or item.path.stem in IN_THREADS:
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualTimeLoop}


@pytest.fixture
def quick_hasher(settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # Others take 1 s.


@pytest.fixture
def alice(transactional_db, quick_hasher):
    return get_user_model().objects.create_user("alice", password="demo")


@pytest.fixture
def log_in(client):
    """Log a user in; return the session's key."""

    def log_in(user):
        client.cookies.clear()
        client.force_login(user)
        return client.session.session_key

    return log_in

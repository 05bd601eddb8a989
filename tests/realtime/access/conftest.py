import pytest
from django.contrib.auth import get_user_model


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

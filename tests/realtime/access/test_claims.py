"""What a session says of its user, without a database."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

from realtime.access.claims import Claim, claim_in, holds

BACKEND = "django.contrib.auth.backends.ModelBackend"
SESSION = {SESSION_KEY: "7", BACKEND_SESSION_KEY: BACKEND, HASH_SESSION_KEY: "abc"}


def test_a_session_claims_a_user():
    assert claim_in(SESSION) == Claim(7, BACKEND, "abc")
    assert claim_in({SESSION_KEY: "7", BACKEND_SESSION_KEY: BACKEND}) == Claim(7, BACKEND, "")


@pytest.mark.parametrize(
    "change",
    [
        {SESSION_KEY: "not a number"},
        {BACKEND_SESSION_KEY: "gone.Backend"},
        {BACKEND_SESSION_KEY: None},
    ],
)
def test_what_this_site_can_not_check_claims_nobody(change):
    assert claim_in({**SESSION, **change}) is None
    assert claim_in({}) is None


def claim_of(user):
    return Claim(user.pk, BACKEND, user.get_session_auth_hash())


@pytest.fixture
def alice():
    return get_user_model()(pk=7, username="alice", password="hashed")


def test_a_claim_holds_until_something_changes(alice):
    claim = claim_of(alice)
    assert holds(claim, alice)
    assert not holds(claim, None)
    alice.is_active = False
    assert not holds(claim, alice)


def test_a_changed_password_ends_a_claim(alice):
    claim = claim_of(alice)
    alice.password = "other"
    assert not holds(claim, alice)


def test_a_rotated_secret_key_ends_no_claim(alice, settings):
    claim = claim_of(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated"
    assert holds(claim, alice)
    settings.SECRET_KEY_FALLBACKS = []
    assert not holds(claim, alice)


def test_users_without_a_hash_have_only_their_activity():
    user = SimpleNamespace(is_authenticated=True, is_active=True)
    assert holds(Claim(1, BACKEND, ""), user)
    user.is_active = False
    assert not holds(Claim(1, BACKEND, ""), user)

"""Whether logins still hold, as the stores say: each way in which a right ends."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from realtime.access.login import Login
from realtime.access.verification import (
    GONE,
    is_verified_together,
    needs_verification,
    verify,
)

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"
OWN = f"{__name__}.OwnBackend"
LENIENT = f"{__name__}.LenientBackend"

User = get_user_model()


class OwnBackend(ModelBackend):
    """Finds users in a way of its own."""

    away = False

    def get_user(self, user_id):
        if self.away:
            raise ConnectionError("away")
        user = User.objects.get(pk=user_id)
        user.first_name = "by its own way"
        return user


class LenientBackend(ModelBackend):
    """Lets in users who are not active, as ``AllowAllUsersModelBackend`` does."""

    def user_can_authenticate(self, user):
        return user.username != "barred"


@pytest.fixture
def alice(db, quick_hasher):
    return User.objects.create_user("alice", password="demo")


@pytest.fixture
def login(alice, log_in):
    return Login(alice, log_in(alice), BACKEND)


def outcome(login):
    return verify([login])[0]


def test_a_login_that_holds_brings_the_present_user(alice, login):
    User.objects.update(first_name="Alice")
    found = outcome(login)
    assert found == alice and found.first_name == "Alice" and found is not alice


def test_a_session_that_was_deleted(login):
    Session.objects.all().delete()
    assert outcome(login) is GONE


def test_a_session_in_which_somebody_else_has_logged_in(login):
    bob = User.objects.create_user("bob", password="demo")
    session = SessionStore(login.session_key)
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(bob.pk), bob.get_session_auth_hash()
    session.save()
    assert outcome(login) is GONE


def test_a_session_in_which_nobody_is_logged_in_any_more(login):
    session = SessionStore(login.session_key)
    del session[SESSION_KEY]
    session.save()
    assert outcome(login) is GONE


@pytest.mark.parametrize("by_session", [True, False])
@pytest.mark.parametrize("change", ["deactivated", "deleted"])
def test_a_user_who_may_not_be_signed_in(alice, login, by_session, change):
    users = User.objects.filter(pk=alice.pk)
    if change == "deactivated":
        users.update(is_active=False)
    else:
        users._raw_delete(users.db)
    assert outcome(login if by_session else Login(alice)) is GONE


def test_a_changed_password(alice, login):
    alice.set_password("other")
    User.objects.filter(pk=alice.pk).update(password=alice.password)
    assert outcome(login) is GONE


def test_a_changed_password_says_nothing_about_a_user_without_a_session(alice):
    User.objects.update(password="other")
    assert outcome(Login(alice)) == alice


def test_a_rotated_secret_key_ends_no_login(alice, login, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated"
    assert outcome(login) == alice


def test_a_backend_that_was_removed(login, settings):
    settings.AUTHENTICATION_BACKENDS = [OWN]
    assert outcome(login) is GONE


def test_a_backend_with_a_way_of_its_own_is_asked(alice, client, settings):
    settings.AUTHENTICATION_BACKENDS = [BACKEND, OWN]
    client.force_login(alice, OWN)
    login = Login(alice, client.session.session_key, OWN)
    assert not is_verified_together(login)
    assert outcome(login).first_name == "by its own way"


def test_a_backend_that_is_away_is_an_error_of_its_own_users_alone(
    alice, client, settings, monkeypatch
):
    settings.AUTHENTICATION_BACKENDS = [BACKEND, OWN]
    client.force_login(alice, OWN)
    theirs = Login(alice, client.session.session_key, OWN)
    client.cookies.clear()
    client.force_login(alice, BACKEND)
    ours = Login(alice, client.session.session_key, BACKEND)
    monkeypatch.setattr(OwnBackend, "away", True)
    found = verify([theirs, ours])
    assert isinstance(found[0], ConnectionError) and found[1] == alice


def test_a_backend_may_say_itself_who_can_authenticate(alice, client, settings):
    settings.AUTHENTICATION_BACKENDS = [LENIENT]
    client.force_login(alice, LENIENT)
    login = Login(alice, client.session.session_key, LENIENT)
    assert is_verified_together(login)
    assert outcome(login) == alice
    User.objects.update(username="barred")
    assert outcome(login) is GONE


def test_any_number_of_logins_are_two_queries(log_in, quick_hasher, django_assert_num_queries):
    users = [User.objects.create_user(f"user-{n}", password="demo") for n in range(10)]
    logins = [Login(user, log_in(user), BACKEND) for user in users] + [Login(users[0])]
    with django_assert_num_queries(2):
        found = verify(logins)
    assert found == [*users, users[0]]


def test_users_of_a_projects_own_making_are_left_alone(django_assert_num_queries):
    own, unsaved = SimpleNamespace(pk=1, is_active=True), User(pk=7)
    with django_assert_num_queries(0):
        assert verify([Login(own), Login(unsaved)]) == [own, unsaved]
    assert not needs_verification(Login(own)) and not needs_verification(Login(unsaved))


def test_what_has_to_be_asked(alice):
    assert needs_verification(Login(alice))
    assert needs_verification(Login(SimpleNamespace(pk=1), "key", BACKEND))
    assert is_verified_together(Login(alice)) and is_verified_together(Login(alice, "k", BACKEND))


def test_a_database_that_is_away_is_no_answer(login, monkeypatch):
    def fail(*args, **kwargs):
        raise ConnectionError("away")

    monkeypatch.setattr("django.db.models.query.QuerySet._fetch_all", fail)
    with pytest.raises(ConnectionError):
        verify([login])

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from realtime.sockets.authentication import is_foreign, user_of


def scope(**headers):
    return {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}


@pytest.mark.parametrize(
    ("origin", "host", "foreign"),
    [
        (None, "desk.example", False),
        ("https://desk.example", "desk.example", False),
        ("https://DESK.example", "desk.example", False),
        ("http://desk.example:8000", "desk.example:8000", False),
        ("https://www.desk.example", "desk.example", False),
        ("https://trusted.example", "desk.example", False),
        ("https://any.trusted.example", "desk.example", True),
        ("https://any.sub.example", "desk.example", False),
        ("http://any.sub.example", "desk.example", True),
        ("https://evil.example", "desk.example", True),
        ("https://desk.example.evil.example", "desk.example", True),
        ("https://desk.example@evil.example", "desk.example", True),
        ("null", "desk.example", True),
        ("", "desk.example", True),
        ("http://[", "desk.example", True),
        ("file:///desk.example", "desk.example", True),
        ("http://[::1]:8000", "other", False),
    ],
)
def test_which_pages_may_open_a_socket(settings, origin, host, foreign):
    settings.ALLOWED_HOSTS = [".desk.example", "[::1]", "*"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.sub.example"]
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    assert is_foreign(scope(**headers)) is foreign


def test_the_same_name_in_host_is_not_enough_where_the_host_is_not_ours(settings):
    settings.ALLOWED_HOSTS = ["desk.example"]
    assert is_foreign(scope(origin="http://rebound.example", host="rebound.example"))


def test_in_development_localhost_may(settings):
    settings.ALLOWED_HOSTS = []
    settings.DEBUG = True
    assert not is_foreign(scope(origin="http://localhost:3000", host="127.0.0.1:8000"))
    assert is_foreign(scope(origin="http://evil.example", host="127.0.0.1:8000"))


@pytest.fixture
def alice(transactional_db, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # Others take 1 s.
    return get_user_model().objects.create_user("alice", password="demo")


@pytest.fixture
def cookie(alice, client):
    client.force_login(alice)
    return f"sessionid={client.cookies['sessionid'].value}"


async def user_with(cookie):
    return await user_of(scope(cookie=cookie))


async def test_the_session_cookie_tells_the_user(alice, cookie):
    assert await user_with(cookie) == alice
    assert await user_with(f'other="a;b"; broken; {cookie}') == alice


@pytest.mark.parametrize(
    "cookie", ["", "sessionid=", "sessionid=unknown", "sessionid=../x", ";", 'sessionid="\\000aa"']
)
async def test_no_session_is_nobody(transactional_db, cookie):
    assert await user_with(cookie) is None


async def test_a_changed_password_ends_old_sessions(alice, cookie):
    alice.set_password("other")
    await alice.asave()
    assert await user_with(cookie) is None


async def test_a_deactivated_user_is_nobody(alice, cookie):
    alice.is_active = False
    await alice.asave()
    assert await user_with(cookie) is None


async def test_a_user_who_was_deleted_is_nobody(alice, cookie):
    await alice.adelete()
    assert await user_with(cookie) is None


async def test_a_session_that_has_ended_is_nobody(alice, cookie):
    await Session.objects.all().adelete()
    assert await user_with(cookie) is None


async def test_a_rotated_secret_key_ends_no_session(alice, cookie, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated"
    assert await user_with(cookie) == alice


async def test_a_session_of_another_user_model_is_nobody(alice, transactional_db):
    session = SessionStore()
    session[SESSION_KEY] = "not a number"
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    await session.asave()
    assert await user_with(f"sessionid={session.session_key}") is None


async def test_a_session_without_a_known_backend_is_nobody(alice, transactional_db):
    session = SessionStore()
    session[SESSION_KEY] = str(alice.pk)
    await session.asave()
    assert await user_with(f"sessionid={session.session_key}") is None


async def test_the_user_of_a_middleware_counts(alice, cookie):
    assert await user_of({"user": alice, "headers": []}) == alice
    assert (
        await user_of({"user": AnonymousUser(), "headers": [(b"cookie", cookie.encode())]}) is None
    )

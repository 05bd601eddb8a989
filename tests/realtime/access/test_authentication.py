import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from realtime.access.authentication import sign_in


async def user_of(scope):
    login = await sign_in(scope)
    return None if login is None else login.user


def scope(**headers):
    return {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}


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


async def test_a_user_of_a_middleware_who_is_not_saved_is_nobody(transactional_db):
    assert await user_of({"user": get_user_model()(username="unsaved"), "headers": []}) is None


async def test_a_row_of_another_model_is_nobody(alice):
    stranger = Group(pk=alice.pk)
    stranger.is_authenticated = stranger.is_active = True
    assert await user_of({"user": stranger, "headers": []}) is None

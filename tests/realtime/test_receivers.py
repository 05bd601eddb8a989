"""What goes out to all processes when Django says that users or sessions change or end."""

import asyncio
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from channels.layers import channel_layers
from django.contrib.auth import SESSION_KEY, get_user_model, login, logout
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction
from django.db.models.signals import post_delete
from django.utils import timezone

from realtime.access.login import session_digest
from realtime.layer.control import MAX_NAMES, Disconnect, EndSessions, Recheck
from realtime.protocol.close_codes import CloseCode
from realtime.receivers import connect_sessions
from tests.realtime.layer.recording_layer import RecordingLayer

pytestmark = pytest.mark.django_db(transaction=True)

User = get_user_model()


@pytest.fixture
def out(settings):
    """The controls that went out."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    layer = RecordingLayer()
    channel_layers.set("default", layer)
    yield layer.controls
    channel_layers.set("default", None)


@pytest.fixture
def alice(out):
    return User.objects.create_user("alice", password="demo")


@pytest.fixture
def me(alice):
    return Recheck((f"user.{alice.pk}",))


def sessions(number, expires_in=3600):
    expire_date = timezone.now() + timedelta(seconds=expires_in)
    data = SessionStore().encode({SESSION_KEY: "1"})
    rows = [Session(f"key-{n}", data, expire_date) for n in range(number)]
    Session.objects.bulk_create(rows)
    return [session_digest(row.session_key) for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.save(),
        lambda user: user.save(update_fields=["is_active"]),
        lambda user: user.delete(),
        lambda user: User.objects.filter(pk=user.pk).delete(),
    ],
)
def test_a_changed_or_deleted_user_is_checked(alice, me, out, change):
    change(alice)
    assert out == [me]


def test_a_new_user_and_a_login_are_not(alice, out, client):
    client.force_login(alice)
    assert out == []


def test_other_models_are_not(out):
    Group.objects.create(name="g").delete()
    assert out == []


def test_in_a_transaction_nothing_goes_out_before_the_commit(alice, me, out):
    with transaction.atomic():
        alice.save()
        assert out == []
    assert out == [me]


def test_after_a_rollback_nothing_goes_out(alice, out):
    with transaction.atomic():
        alice.save()
        transaction.set_rollback(True)
    assert out == []


def test_a_savepoint_that_is_rolled_back_takes_only_its_own_with_it(out):
    users = [User.objects.create_user(name) for name in ("a", "b", "c")]
    with transaction.atomic():
        users[0].save()
        with transaction.atomic():
            users[1].save()
            transaction.set_rollback(True)
        users[2].save()
    names = {name for control in out for name in control.users}
    assert names == {f"user.{users[0].pk}", f"user.{users[2].pk}"}


def test_a_bulk_deletion_is_one_message(out):
    users = [User.objects.create_user(f"user-{number}") for number in range(30)]
    User.objects.all().delete()
    [control] = out
    assert set(control.users) == {f"user.{user.pk}" for user in users}


def test_sessions_that_are_deleted_end(out):
    digests = sessions(30)
    Session.objects.all().delete()
    [control] = out
    assert sorted(control.digests) == sorted(digests)


def test_very_many_are_several_messages(out):
    sessions(MAX_NAMES + 1)
    Session.objects.all().delete()
    assert sum(len(control.digests) for control in out) == MAX_NAMES + 1
    assert len(out) == 2


def test_sessions_that_have_expired_are_cleared_in_silence(out):
    sessions(3, expires_in=-60)
    call_command("clearsessions")
    assert out == [] and not Session.objects.exists()


def test_the_command_that_clears_sessions_need_not_load_them(monkeypatch):
    def is_received():
        return post_delete.has_listeners(Session)

    disconnect = partial(
        post_delete.disconnect, sender=Session, dispatch_uid="realtime.end_session"
    )
    assert is_received()
    disconnect()
    try:
        monkeypatch.setattr("sys.argv", ["manage.py", "clearsessions"])
        connect_sessions()
        assert not is_received()
    finally:
        monkeypatch.undo()
        connect_sessions()
    assert is_received()


@pytest.fixture
def request_of(alice, rf):
    """Make a request whose session has a user."""

    def request_of(store):
        request = rf.get("/")
        request.session = store()
        request.user = AnonymousUser()
        login(request, alice, "django.contrib.auth.backends.ModelBackend")
        request.session.save()
        return request

    return request_of


def test_a_logout_with_sessions_in_the_table_is_one_message(request_of, out):
    request = request_of(SessionStore)
    digest = session_digest(request.session.session_key)
    out.clear()
    logout(request)
    assert out == [EndSessions((digest,))]


@pytest.fixture
def cache_engine(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"


def test_a_logout_with_sessions_elsewhere_says_which(request_of, out, cache_engine):
    request = request_of(CacheStore)
    digest = session_digest(request.session.session_key)
    logout(request)
    assert out == [EndSessions((digest,))]


def test_a_logout_with_signed_cookies_ends_all_sockets_of_the_user(
    request_of, alice, out, settings
):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    logout(request_of(SignedCookies))
    assert out == [Disconnect((f"user.{alice.pk}",), code=CloseCode.SIGNED_OUT)]


def test_a_logout_of_nobody_says_nothing(rf, out, cache_engine):
    request = rf.get("/")
    request.session, request.user = CacheStore(), AnonymousUser()
    logout(request)
    assert out == []


def test_a_session_in_which_nobody_was_logged_in_ends_in_silence(out):
    session = SessionStore()
    session["cart"] = [1]
    session.save()
    session.flush()
    assert out == []


async def test_a_logout_in_an_event_loop_blocks_nothing_and_goes_out(out, cache_engine):
    request = SimpleNamespace(session=CacheStore("0123456789abcdef"))
    user_logged_out.send(User, request=request, user=None)
    assert out == []
    await asyncio.sleep(0.05)
    assert out == [EndSessions((session_digest("0123456789abcdef"),))]


def test_a_digest_on_the_wire_opens_nothing(out):
    sessions(1)
    Session.objects.all().delete()
    assert "key-0" not in repr(out)

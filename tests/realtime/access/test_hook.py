"""The project's own function: what it may return, and what it must not."""

import threading
import time
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from realtime.access.hook import ask_project, authenticator
from realtime.tickets import Grant

pytestmark = pytest.mark.usefixtures("transactional_db")  # For the threads of the sign-ins.

ALICE = SimpleNamespace(pk=1, is_authenticated=True, is_active=True)
INACTIVE = SimpleNamespace(pk=1, is_authenticated=True, is_active=False)
TERMINAL = Group(pk=1, name="a row of another model")
TERMINAL.is_authenticated = TERMINAL.is_active = True

answer = None
asked = []


def authenticate(scope, ticket):
    asked.append((scope, ticket, threading.current_thread().name))
    return answer


async def async_authenticate(scope, ticket):
    return answer


class Authenticator:
    def __call__(self, scope, ticket):
        return answer


instance = Authenticator()


@pytest.fixture
def answers(monkeypatch, settings):
    asked.clear()

    def set_answer(value, name="authenticate"):
        monkeypatch.setitem(globals(), "answer", value)
        settings.REALTIME = {"AUTHENTICATE": f"{__name__}.{name}"}

    return set_answer


async def test_without_one_nobody_is_found(settings):
    settings.REALTIME = {}
    assert await ask_project({}, "ticket") is None


@pytest.mark.parametrize("name", ["authenticate", "async_authenticate", "instance"])
async def test_it_may_be_sync_or_async_or_any_object_that_can_be_called(answers, name):
    answers(ALICE, name)
    assert (await ask_project({}, "ticket")).user is ALICE


async def test_it_gets_scope_and_ticket_in_a_thread_of_the_sign_ins(answers):
    answers(None)
    scope = {"client": ("192.0.2.1", 4711)}
    assert await ask_project(scope, None) is None
    ((given, ticket, thread),) = asked
    assert given is scope and ticket is None
    assert thread.startswith("realtime-sign-in")


async def test_a_grant_says_until_when_and_to_which_streams(answers):
    end = time.time() + 60
    answers(Grant(ALICE, expires=end, streams=["room.7"]))
    login = await ask_project({}, "ticket")
    assert (login.user, login.expires, login.streams) == (ALICE, end, {"room.7"})


@pytest.mark.parametrize("user", [None, AnonymousUser(), INACTIVE, Grant(INACTIVE)])
async def test_who_is_no_active_user_is_nobody(answers, user):
    answers(user)
    assert await ask_project({}, "ticket") is None


async def test_a_lazy_user_is_found_in_a_thread(answers):
    threads = []
    answers(SimpleLazyObject(lambda: threads.append(threading.current_thread().name) or ALICE))
    assert (await ask_project({}, "ticket")).user == ALICE
    assert threads[0].startswith("realtime-sign-in")


@pytest.mark.parametrize("wrong", [True, 7, "alice", {"user": 1}])
async def test_what_it_must_not_return_is_a_fault(answers, wrong):
    answers(wrong)
    with pytest.raises(TypeError, match="AUTHENTICATE returns a user, a Grant or None"):
        await ask_project({}, "ticket")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (SimpleNamespace(pk=None, is_authenticated=True, is_active=True), "has no primary key"),
        (get_user_model()(username="unsaved"), "has no primary key"),
        (TERMINAL, "rows of AUTH_USER_MODEL, and none of auth.Group"),
    ],
)
async def test_who_has_no_stream_or_a_strangers_is_a_fault(answers, wrong, sentence):
    answers(wrong)
    with pytest.raises(TypeError, match=sentence):
        await ask_project({}, "ticket")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("authenticate", "REALTIME\\['AUTHENTICATE'\\]"),
        ("nowhere.authenticate", "No module named 'nowhere'"),
        (f"{__name__}.nothing", 'does not define a "nothing"'),
        (f"{__name__}.ALICE", "must name a function"),
        (f"{__name__}.Authenticator", "must name a function"),
    ],
)
def test_what_is_no_function_is_named(path, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        authenticator(path)

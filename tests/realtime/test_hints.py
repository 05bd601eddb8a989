"""Each mistake that a newcomer makes is said once, where people look, with what to change."""

import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.checks import run_checks
from django.core.handlers.asgi import ASGIHandler
from django.template import Context, Template

from realtime import apublish, hints, publish
from realtime.consumers import HeartbeatMixin, RealtimeConsumer
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError

application = RealtimeConsumer.as_asgi()


@pytest.fixture(autouse=True)
def forgotten():
    hints.forget()


@pytest.fixture
def alice():
    return get_user_model()(pk=42, username="alice")


@register("mute")
class Mute(Stream):
    def authorize(self, user):
        pass  # As when `return` was forgotten.


def warnings(caplog):
    return [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]


# In the server's log


def test_a_publish_to_a_stream_that_no_class_serves(caplog):
    publish("alice", "greeting")
    publish("alice", "greeting")
    publish("bob.7", "greeting")
    first, second = warnings(caplog)
    assert first.startswith("publish stream=alice: no stream class serves the prefix 'alice'")
    assert "pass the user: publish(user, ...)" in first
    assert "register a class for 'alice' in a module named streams" in first
    assert "'bob'" in second


def test_prefixes_that_somebody_makes_up_do_not_fill_the_log(caplog):
    for number in range(hints.MAX_KINDS + 5):
        publish(f"made{number}.1", "greeting", ephemeral=True)
    assert len(warnings(caplog)) == hints.MAX_KINDS


def test_a_publish_to_a_served_stream_says_nothing(caplog, alice):
    publish([alice, "mute.1"], "greeting", ephemeral=True)
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "the browser did not send the session cookie with the WebSocket: it needs the same"),
        ({"Cookie": "sessionid=unknown"}, "session has no active user"),
    ],
    ids=["no cookie", "no session"],
)
@pytest.mark.django_db(transaction=True)
async def test_a_visitor(caplog, headers, sentence):
    for _ in range(2):
        async with RealtimeCommunicator(application, headers=headers) as socket:
            assert await socket.closed() == 4501
    (warning,) = warnings(caplog)
    assert sentence in warning


async def test_a_foreign_origin_or_a_rewritten_host(caplog):
    headers = {"Origin": "https://desk.example", "Host": "internal:8000"}
    for _ in range(2):
        async with RealtimeCommunicator(application, headers=headers) as socket:
            assert await socket.closed() == 1006
    (warning,) = warnings(caplog)
    assert "A page of 'https://desk.example' was refused" in warning
    assert "the host 'internal:8000'" in warning
    assert "ALLOWED_HOSTS" in warning
    assert "CSRF_TRUSTED_ORIGINS" in warning and "have it pass the browser's own on" in warning
    assert "SECURE_PROXY_SSL_HEADER" in warning
    async with RealtimeCommunicator(
        application, headers={**headers, "Origin": "https://www.desk.example"}
    ) as socket:
        assert await socket.closed() == 1006
    assert "A page of 'https://www.desk.example' was refused" in warnings(caplog)[1]


@pytest.mark.django_db(transaction=True)
async def test_an_authorize_without_a_return(caplog, alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        for _ in range(2):
            with pytest.raises(RealtimeError, match="forbidden"):
                await socket.subscribe("mute.1")
    (warning,) = warnings(caplog)
    assert warning == "Mute.authorize returned None, which refuses: return True or False."


@pytest.mark.django_db(transaction=True)
async def test_a_subscription_to_a_stream_that_no_class_serves(caplog, alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        with pytest.raises(RealtimeError, match="unknown_stream"):
            await socket.subscribe("rooms.1")
    (warning,) = warnings(caplog)
    assert "subscribe stream=rooms.1: no stream class serves the prefix 'rooms'" in warning
    assert "a module named streams of an installed app" in warning


def rendered(source, **context):
    return Template("{% load realtime %}" + source).render(Context(context))


def test_the_tag_without_a_request(caplog):
    rendered("{% realtime %}")
    rendered("{% realtime %}")
    (warning,) = warnings(caplog)
    assert "Use render(request, ...)" in warning
    assert "django.template.context_processors.request" in warning


def test_the_tag_for_a_visitor_says_nothing(caplog):
    rendered("{% realtime %}", user=AnonymousUser())
    assert warnings(caplog) == []


# At the call


def test_a_position_that_is_none():
    with pytest.raises(TypeError, match=r"position is what realtime\.position\(\) returned, not 7"):
        rendered("{% realtime position=7 %}", user=get_user_model()(pk=42))


def test_a_class_in_a_route():
    with pytest.raises(TypeError, match=r"Route to RealtimeConsumer\.as_asgi\(\)"):
        RealtimeConsumer({}, None, None)


def test_register_without_a_prefix():
    with pytest.raises(TypeError, match=r'Name the prefix: @register\("room"\)'):

        @register
        class Room(Stream):
            pass


def test_register_of_something_else():
    with pytest.raises(TypeError, match="takes a subclass of Stream"):
        register("thing", "no class")


def test_a_mixin_behind_its_consumer():
    class Consumer:
        async def __call__(self, scope, receive, send):
            pass

    with pytest.raises(TypeError, match="name HeartbeatMixin before the consumer class"):

        class Chat(Consumer, HeartbeatMixin):
            pass


async def test_publish_in_an_event_loop():
    with pytest.raises(RuntimeError, match=r"await apublish\(\) there"):
        publish("user.1", "greeting")


async def test_apublish_without_await(recwarn):
    apublish("user.1", "greeting").close()
    publishing = apublish("user.1", "greeting")
    del publishing
    assert "was never awaited" in str(recwarn.pop(RuntimeWarning).message)


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        (42, "Name a stream, a user, or several of them, not 42"),
        (AnonymousUser(), "has no primary key, and so no stream"),
        ("room 7", "letters, digits"),
    ],
)
def test_a_recipient_that_is_none(to, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        publish(to, "greeting")


def test_the_app_that_is_not_installed():
    code = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
django.setup()
import realtime
realtime.publish("user.1", "greeting")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "ImproperlyConfigured: Add 'realtime' to INSTALLED_APPS" in done.stderr


# In `manage.py check` and at the start of `runserver`


def found(*ids):
    return [(one.id, one.hint) for one in run_checks(databases=[]) if one.id in ids]


@pytest.fixture
def runserver(monkeypatch, settings):
    monkeypatch.setattr(sys, "argv", ["manage.py", "runserver"])
    settings.DEBUG = True
    return settings


def without(apps, *names):
    return [app for app in apps if app not in names]


def test_a_runserver_that_serves_no_websockets(runserver):
    runserver.INSTALLED_APPS = without(runserver.INSTALLED_APPS, "daphne")
    ((_, hint),) = found("realtime.W004")
    assert "INSTALLED_APPS = ['daphne', *INSTALLED_APPS]" in hint


def test_a_runserver_without_an_application(runserver):
    runserver.ASGI_APPLICATION = None
    ((_, hint),) = found("realtime.W005")
    assert "ASGI_APPLICATION = 'project.asgi.application'" in hint


def test_a_runserver_whose_application_is_not_there(runserver):
    runserver.ASGI_APPLICATION = f"{__name__}.nothing"
    ((_, hint),) = found("realtime.W005")
    assert "Name the variable of asgi.py" in hint


django_alone = ASGIHandler()
with_files = ASGIStaticFilesHandler(django_alone)
router_with_files = ASGIStaticFilesHandler(application)


@pytest.mark.parametrize("name", ["django_alone", "with_files"])
def test_a_runserver_whose_application_is_django_alone(runserver, name):
    runserver.ASGI_APPLICATION = f"{__name__}.{name}"
    ((_, hint),) = found("realtime.W011")
    assert "import realtime.asgi; application = realtime.asgi.application()" in hint


@pytest.mark.parametrize("name", ["application", "router_with_files"])
def test_a_runserver_whose_application_serves_websockets(runserver, name):
    runserver.ASGI_APPLICATION = f"{__name__}.{name}"
    assert found("realtime.W005", "realtime.W011") == []


def test_other_commands_need_no_server(settings):
    settings.DEBUG = True
    settings.INSTALLED_APPS = without(settings.INSTALLED_APPS, "daphne", "channels")
    assert found("realtime.W004", "realtime.W005") == []


def test_templates_without_a_user(settings):
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]
    ((_, hint),) = found("realtime.W006")
    assert "django.contrib.auth.context_processors.auth" in hint

"""`realtime.asgi.application`: what each path and each kind of connection gets."""

import inspect
import subprocess
import sys

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.urls import path

import realtime.asgi
from realtime.receipts import watch
from realtime.testing import RealtimeCommunicator

SOCKET = {"type": "websocket", "headers": [], "subprotocols": []}


async def first_answer(application, scope):
    """Return what an application sends to a WebSocket that is opened."""
    communicator = ApplicationCommunicator(application, {**SOCKET, **scope})
    await communicator.send_input({"type": "websocket.connect"})
    answer = await communicator.receive_output(5)
    await communicator.send_input({"type": "websocket.disconnect", "code": 1001})
    await communicator.wait(5)
    return answer["type"]


async def status(application, place):
    scope = {"type": "http", "method": "GET", "path": place, "query_string": b""}
    scope |= {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request"})
    answer = await communicator.receive_output(5)
    while (await communicator.receive_output(5)).get("more_body"):
        pass
    await communicator.wait(5)
    return answer["status"]


async def own_socket(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})


@pytest.mark.parametrize(
    ("options", "scope", "answer"),
    [
        ({}, {"path": "/realtime/"}, "websocket.accept"),
        ({}, {"path": "/app/realtime/", "root_path": "/app"}, "websocket.accept"),
        ({}, {"path": "/realtime"}, "websocket.close"),
        ({}, {"path": "/"}, "websocket.close"),
        ({"path": "/live/"}, {"path": "/live/"}, "websocket.accept"),
        ({"path": "/live/"}, {"path": "/realtime/"}, "websocket.close"),
    ],
)
async def test_a_socket_opens_at_its_path_alone(caplog, options, scope, answer):
    application = realtime.asgi.application(ASGIHandler(), **options)
    assert await first_answer(application, scope) == answer
    refusal = f"websocket refused path={scope['path']} served={options.get('path', '/realtime/')}"
    assert (refusal in caplog.messages) == (answer == "websocket.close")


async def test_sockets_of_an_application_that_is_there_stay():
    routes = URLRouter([path("chat/", own_socket)])
    there = ProtocolTypeRouter({"http": ASGIHandler(), "websocket": routes})
    application = realtime.asgi.application(there)
    assert await first_answer(application, {"path": "/chat/"}) == "websocket.accept"
    assert await first_answer(application, {"path": "/realtime/"}) == "websocket.accept"
    assert await status(application, "/nowhere/") == 404
    with pytest.raises(ValueError, match="No route found"):  # As it was.
        await application({**SOCKET, "path": "/nowhere/"}, None, None)


async def test_a_user_follows_a_stream(django_user_model):
    alice = django_user_model(pk=42, username="alice")
    async with RealtimeCommunicator(realtime.asgi.application(), user=alice) as socket:
        await socket.subscribe("me")


@pytest.mark.parametrize(("debug", "expected"), [(True, 200), (False, 404)])
async def test_static_files_are_served_during_development(settings, debug, expected):
    settings.DEBUG = debug
    application = realtime.asgi.application(ASGIHandler())
    assert await status(application, "/static/realtime/index.js") == expected


@pytest.mark.parametrize("wrapped", [ASGIHandler(), ProtocolTypeRouter({})])
async def test_the_lifespan_of_a_server(wrapped):
    server = ApplicationCommunicator(realtime.asgi.application(wrapped), {"type": "lifespan"})
    for kind in ("startup", "shutdown"):
        await server.send_input({"type": f"lifespan.{kind}"})
        assert (await server.receive_output(5))["type"] == f"lifespan.{kind}.complete"
    await server.wait(5)


def test_a_path_without_a_slash_is_refused():
    with pytest.raises(ValueError, match="begins with a slash"):
        realtime.asgi.application(path="realtime/")


def test_the_app_has_to_be_installed(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "realtime"]
    with pytest.raises(ImproperlyConfigured, match="Add 'realtime' to INSTALLED_APPS"):
        realtime.asgi.application()


def test_servers_see_that_it_is_no_wsgi_application():
    """Hypercorn takes all else for one, also what asgiref has marked, on Python 3.11."""
    assert inspect.iscoroutinefunction(realtime.asgi.application(ASGIHandler()))


def test_it_is_imported_before_django_is_set_up():
    done = subprocess.run(
        [sys.executable, "-c", "import realtime.asgi"], env={}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("first", ["lifespan", "http", "websocket"])
async def test_deadlines_are_watched_from_the_first_thing_that_a_server_asks(monkeypatch, first):
    started = []
    monkeypatch.setattr(watch, "start", lambda: started.append(1))

    async def nothing(scope, receive, send):
        pass

    application = realtime.asgi.application(nothing)
    assert not started  # A server that forks may have imported it before.
    communicator = ApplicationCommunicator(application, {"type": first, "path": "/"})
    await communicator.send_input({"type": "lifespan.shutdown"})
    await communicator.wait(5)
    assert started

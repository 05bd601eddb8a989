"""``CorrelationMiddleware``: one id for a request, its lines in the log and its events."""

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path, re_path

from realtime import apublish, publish
from realtime.correlation import current_origin, current_traceparent
from realtime.logs import get_logger
from realtime.middleware import CorrelationMiddleware

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
logger = get_logger("realtime.a_test")


def seen(request, name):
    """Say what acts, and write and publish it."""
    logger.info("viewed")
    publish("news", "news")
    text = f"{current_origin()} {current_traceparent()} {request.headers['X-Request-ID']}"
    return HttpResponse(text)


async def seen_async(request, name):
    logger.info("viewed")
    await apublish("news", "news")
    there = await sync_to_async(lambda: str(current_origin()))()
    return HttpResponse(f"{there} {current_traceparent()} {request.headers['X-Request-ID']}")


def fail(request):
    raise ZeroDivisionError


urlpatterns = [
    re_path("^call/(?s:(.+))", seen),
    re_path("^async/(?s:(.+))", seen_async),
    path("fail/", fail),
]


class Named(CorrelationMiddleware):
    """Names requests as another package did."""

    def request_id(self, request):
        return "theirs"


@pytest.fixture(autouse=True)
def site(settings, caplog):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["realtime.middleware.CorrelationMiddleware"]
    caplog.set_level("INFO")


async def get(kind, url, **headers):
    """Return the answer of a WSGI or ASGI site; the id in it is that of the answer's header."""
    if kind == "asgi":
        return await AsyncClient(raise_request_exception=False).get(url, headers=headers)
    client = Client(raise_request_exception=False)
    return await sync_to_async(client.get)(url, headers=headers)


both = pytest.mark.parametrize("kind", ["wsgi", "asgi"])


@both
@pytest.mark.parametrize("view", ["call", "async"])
async def test_a_request_has_one_id_everywhere(kind, view, caplog):
    headers = {"X-Request-ID": "5f3a9c", "traceparent": TRACEPARENT}
    answer = await get(kind, f"/{view}/12?token=secret", **headers)
    assert answer.content.decode() == f"request 5f3a9c GET /{view}/12 {TRACEPARENT} 5f3a9c"
    assert answer["X-Request-ID"] == "5f3a9c"
    viewed, published = (record.getMessage() for record in caplog.records[:2])
    assert viewed == "viewed request=5f3a9c"
    trace = TRACEPARENT.split("-")[1]
    assert published.endswith(f" streams=news request=5f3a9c trace={trace}")
    assert current_origin().kind == "process"


@both
async def test_a_request_without_an_id_gets_one_of_its_own(kind):
    ids = {(await get(kind, "/call/12"))["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3 and all(len(one) == 12 and one.isalnum() for one in ids)


@pytest.mark.parametrize("header", ["Correlation-ID", "X-Correlation-ID"])
async def test_ids_of_other_conventions_are_taken(header):
    assert (await get("wsgi", "/call/12", **{header: "theirs"}))["X-Request-ID"] == "theirs"


@both
@pytest.mark.parametrize("forged", ["x" * 1000, "a b", "x\ny", "x\r\nSet-Cookie: a=b", "", "é"])
async def test_a_client_can_forge_no_line_and_no_header(kind, forged, caplog):
    answer = await get(kind, "/call/x%0A2026-11-22%20INFO%20forged", **{"X-Request-ID": forged})
    id = answer["X-Request-ID"]
    assert len(id) == 12 and id != forged
    assert answer.content.decode() == (
        f"request {id} GET /call/x%0A2026-11-22 INFO forged None {id}"
    )
    assert all(record.getMessage().isprintable() for record in caplog.records)


@both
async def test_a_path_of_any_length_fits(kind):
    answer = await get(kind, f"/call/{'x' * 1000}", **{"X-Request-ID": "5f3a9c"})
    assert len(answer.content.decode().partition(" None ")[0]) == 200


@both
async def test_a_view_that_fails_ends_its_request(kind):
    answer = await get(kind, "/fail/", **{"X-Request-ID": "5f3a9c"})
    assert (answer.status_code, answer["X-Request-ID"]) == (500, "5f3a9c")
    assert current_origin().kind == "process"


async def test_another_package_may_name_the_request(settings):
    settings.MIDDLEWARE = [f"{__name__}.Named"]
    answer = await get("wsgi", "/call/12", **{"X-Request-ID": "5f3a9c"})
    assert answer.content.decode() == "request theirs GET /call/12 None theirs"


async def test_async_views_are_served_without_a_thread(settings, caplog):
    settings.DEBUG = True  # Django then writes for which middleware it takes one.
    caplog.set_level("DEBUG", logger="django.request")
    await get("asgi", "/async/12")
    assert "adapted" not in caplog.text

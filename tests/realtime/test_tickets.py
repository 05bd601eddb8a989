"""``issue`` and the view: what they give, and to whom."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import path

from realtime.access.tickets import read
from realtime.tickets import issue, ticket_view

ALICE = get_user_model()(pk=42, username="alice", password="a")

urlpatterns = [path("ticket/", ticket_view), path("", lambda request: HttpResponse())]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"user": AnonymousUser()}, ValueError, "no primary key"),
        ({"user": get_user_model()()}, ValueError, "no primary key"),
        ({"seconds": 0}, ValueError, "seconds is above 0, not 0"),
        ({"seconds": float("inf")}, ValueError, "seconds is above 0"),
        ({"seconds": "60"}, TypeError, "seconds is a number"),
        ({"streams": ["room 7"]}, ValueError, "A stream's name"),
        ({"streams": [f"{n}{'x' * 70}" for n in range(200)]}, ValueError, "name fewer streams"),
    ],
)
def test_what_makes_no_ticket_is_named(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        issue(**{"user": ALICE, **arguments})


def test_without_the_app_nobody_could_remember_its_use(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "realtime"]
    with pytest.raises(ImproperlyConfigured, match="add 'realtime' to INSTALLED_APPS"):
        issue(ALICE)


def answer(rf, user, method="post"):
    request = getattr(rf, method)("/ticket/")
    request.user = user
    response = ticket_view(request)
    assert "no-store" in response["Cache-Control"]
    return response.status_code, json.loads(response.content)


def test_a_user_gets_a_ticket(rf):
    status, body = answer(rf, ALICE)
    assert (status, body.keys()) == (200, {"ticket"})
    assert read(body["ticket"]).user == "42"


@pytest.mark.parametrize(
    ("user", "method", "expected"),
    [
        (AnonymousUser(), "post", 401),
        (get_user_model()(pk=1, is_active=False), "post", 403),
        (ALICE, "get", 405),
    ],
)
def test_others_get_an_error_as_json(rf, user, method, expected):
    status, body = answer(rf, user, method)
    assert (status, body.keys()) == (expected, {"error"})


def test_a_page_of_another_site_gets_none(rf):
    request = rf.post("/ticket/")
    request.user = ALICE
    request._dont_enforce_csrf_checks = False
    refusal = CsrfViewMiddleware(ticket_view).process_view(request, ticket_view, (), {})
    assert refusal.status_code == 403

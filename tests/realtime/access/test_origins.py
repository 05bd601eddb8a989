"""A page may open a socket exactly where Django's CSRF check would take a POST from it."""

from itertools import product

import pytest
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory

from realtime.access.origins import is_foreign

TOKEN = "a" * 32
FACTORY = RequestFactory()
HOSTS = ["desk.example", "www.desk.example:8443", "localhost:8000", "[::1]:8000"]
TRUSTED = [
    [],
    ["https://trusted.example", "http://desk.example:3000", "https://*.sub.example"],
    ["https://*.sub.example:8443", "http://*.desk.example"],
]
ALLOWED = [["desk.example", "[::1]"], [".desk.example", "localhost"], ["*"], []]
NETLOCS = [
    *HOSTS,
    "desk.example:443",
    "DESK.example",
    "desk.example.",
    "any.desk.example:3000",
    "trusted.example",
    "trusted.example:8443",
    "any.trusted.example",
    "sub.example",
    "any.sub.example",
    "a.b.sub.example:8443",
    "evilsub.example",
    "evil.example",
    "desk.example.evil.example",
    "desk.example@evil.example",
    "desk.example:3000",
]
ORIGINS = [
    *(f"{scheme}://{netloc}" for scheme, netloc in product(["http", "https"], NETLOCS)),
    *("null", "", "https://", "http://[", "file:///desk.example", "desk.example"),
    *("https://*.sub.example", "https://desk.example/", "HTTPS://desk.example"),
]


def refusal(request, reason):
    """Take the place of Django's page, which is slow to render."""
    return HttpResponse(reason, status=403)


@pytest.fixture(autouse=True)
def plain_refusal(settings):
    settings.CSRF_FAILURE_VIEW = f"{__name__}.refusal"


def django_refuses(check, secure, headers):
    """Ask Django's own check about a POST with these headers and the right token."""
    request = FACTORY.generic("POST", "/", secure=secure, headers={**headers, "X-CSRFToken": TOKEN})
    request.COOKIES["csrftoken"] = TOKEN
    check.process_request(request)
    return check.process_view(request, lambda request: None, (), {}) is not None


def socket_is_refused(secure, headers):
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return is_foreign({"scheme": "wss" if secure else "ws", "headers": sent})


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("trusted", TRUSTED)
@pytest.mark.parametrize("allowed", ALLOWED)
def test_the_rule_is_djangos(settings, allowed, trusted, debug):
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = allowed, trusted
    settings.DEBUG = debug
    answers = set()
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    for secure, host, origin in product([False, True], HOSTS, ORIGINS):
        headers = {"Host": host, "Origin": origin}
        refused = django_refuses(check, secure, headers)
        assert socket_is_refused(secure, headers) is refused, (secure, headers)
        answers.add(refused)
    assert True in answers


@pytest.mark.parametrize("trust_proxy", [False, True])
def test_behind_a_proxy_too(settings, trust_proxy):
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = ["desk.example"], []
    if trust_proxy:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.USE_X_FORWARDED_HOST = True
    accepted = 0
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    hosts = ["desk.example", "127.0.0.1:8000", "evil.example"]
    origins = ["http://desk.example", "https://desk.example", "https://evil.example"]
    for proto, host, forwarded, origin in product(["http", "https"], hosts, hosts, origins):
        headers = {"Host": host, "Origin": origin}
        headers |= {"X-Forwarded-Proto": proto, "X-Forwarded-Host": forwarded}
        refused = django_refuses(check, False, headers)
        assert socket_is_refused(False, headers) is refused, headers
        accepted += not refused
    assert accepted


def test_a_program_sends_no_origin():
    assert not socket_is_refused(False, {"Host": "anything"})


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("https://desk.example:8443", "another port"),
        ("http://desk.example", "http, on a site of https"),
        ("https://www.desk.example", "a subdomain, which nobody has trusted"),
    ],
)
def test_what_allowed_hosts_alone_does_not_let_in(settings, origin, why):
    settings.ALLOWED_HOSTS = [".desk.example", "*"]
    assert not socket_is_refused(True, {"Host": "desk.example", "Origin": "https://desk.example"})
    assert socket_is_refused(True, {"Host": "desk.example", "Origin": origin}), why


def test_two_origins_are_none(settings):
    settings.ALLOWED_HOSTS = ["desk.example"]
    own = (b"origin", b"http://desk.example")
    assert is_foreign({"headers": [(b"host", b"desk.example"), own, own]})

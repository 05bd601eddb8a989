"""What the strict site adds to the demo: hashed static files, and a page with a nonce."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from django.views.static import serve

from realtime import publish

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class AggregatingStorage(ManifestStaticFilesStorage):
    """Modules import each other under their hashed names."""

    support_js_module_import_aggregation = True


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """On the pages for nonces, allow those scripts alone that have one; others have the demo's."""

    def respond(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)
        response = get_response(request)
        if request.path in ("/nonce/", "/devtools/"):
            response["Content-Security-Policy"] = POLICY.format(nonce=request.csp_nonce)
        return response

    return respond


def nonce(request: HttpRequest) -> HttpResponse:
    """Show the connection, with scripts that only their nonce permits."""
    return render(request, "nonce.html")


def devtools(request: HttpRequest) -> HttpResponse:
    """Show the developer's overlay."""
    return render(request, "devtools.html")


def note(request: HttpRequest, number: int) -> HttpResponse:
    """Publish an event for the user."""
    publish(request.user, "note", number)
    return HttpResponse()


urlpatterns = [
    path("nonce/", nonce),
    path("devtools/", devtools),
    path("note/<int:number>/", note),
    # Only a test may serve them so.
    re_path(r"^static/(?P<path>.+)$", serve, {"document_root": settings.STATIC_ROOT}),
    path("", include("project.urls")),
]

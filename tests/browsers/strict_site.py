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


WITH_NONCES = ("nonce", "devtools", "one_file", "classic", "first_frame")


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
        if request.path.strip("/") in WITH_NONCES:
            response["Content-Security-Policy"] = POLICY.format(nonce=request.csp_nonce)
        return response

    return respond


def page(request: HttpRequest) -> HttpResponse:
    """Show the template of the path's name, with scripts that only their nonce permits."""
    return render(request, f"{request.path.strip('/')}.html")


def note(request: HttpRequest, number: int) -> HttpResponse:
    """Publish an event for the user."""
    publish(request.user, "note", number)
    return HttpResponse()


urlpatterns = [
    *(path(f"{name}/", page) for name in WITH_NONCES),
    path("note/<int:number>/", note),
    # Only a test may serve them so.
    re_path(r"^static/(?P<path>.+)$", serve, {"document_root": settings.STATIC_ROOT}),
    path("", include("project.urls")),
]

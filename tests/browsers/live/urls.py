"""The pages, and requests by which a test publishes and changes rows."""

import secrets
from itertools import count
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from realtime import position, publish
from realtime.contrib.html import publish_html
from realtime.contrib.models import row_data
from tests.browsers.live.models import Task

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; "
    "style-src 'self'; img-src 'self'; base-uri 'none'"
)
LIBRARIES = Path(__file__).parents[2] / "js/node_modules"
RENDERED = count(1)


def page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one of the pages; how often that was done stands on it."""
    nonce = secrets.token_urlsafe(16)
    at = position(["room.1"]) if name == "libraries" else None
    context = {
        "csp_nonce": nonce,
        "rendered": next(RENDERED),
        "given": request.GET,
        "position": at,
    }
    response = render(request, f"live/{name}.html", context)
    if name == "board":  # The libraries evaluate what stands in attributes.
        response["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    else:
        response["Content-Security-Policy"] = "base-uri 'none'"  # In place of the demo's.
    return response


def change(request: HttpRequest, action: str) -> HttpResponse:
    """Publish HTML; the template gets what the query says."""
    given = request.GET.dict()
    target = given.pop("target", None)
    template = None if action in ("remove", "refresh") else f"live/{given.pop('template')}.html"
    publish_html("room.1", action, target, template, given if template else None)
    return HttpResponse()


def row(request: HttpRequest, action: str, version: int) -> HttpResponse:
    """Publish what becomes of the row with the id ``row``, as a template of its model does."""
    target = "lines" if action == "append" else "row"
    text = request.GET.get("text")
    html = {} if text is None else {"html": f'<li id="row">{text}</li>'}
    data = {"action": action, "target": target, "row": "row", "version": version}
    publish("room.1", "html", data | html)
    return HttpResponse()


def library(request: HttpRequest, name: str) -> FileResponse:
    """Serve a file from npm."""
    return FileResponse((LIBRARIES / name).open("rb"), content_type="text/javascript")


def tasks(request: HttpRequest, room: int) -> JsonResponse:
    """Return the tasks of a room, as their events have them."""
    return JsonResponse(row_data(Task.objects.filter(room=room)), safe=False)


def add(request: HttpRequest, room: int, title: str) -> HttpResponse:
    """Make a task."""
    Task.objects.create(room=room, title=title)
    return HttpResponse()


def move(request: HttpRequest, title: str, room: int) -> HttpResponse:
    """Put tasks into another room."""
    Task.objects.filter(title=title).update(room=room)
    return HttpResponse()


urlpatterns = [
    path("page/<name>/", page),
    path("change/<action>/", change),
    path("row/<action>/<int:version>/", row),
    path("library/<path:name>", library),
    path("tasks/<int:room>/", tasks),
    path("add/<int:room>/<title>/", add),
    path("move/<title>/<int:room>/", move),
]

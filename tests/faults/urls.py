"""The demo's pages, and a view that writes data and publishes in one transaction."""

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from project import urls
from realtime import publish


def publish_to_room(request: HttpRequest) -> HttpResponse:
    """Make a group of the given name, and publish it to `room.1`."""
    name = request.POST["name"]
    with transaction.atomic():
        Group.objects.create(name=name)
        publish("room.1", "group.made", name)
    return HttpResponse(status=201)


urlpatterns = [*urls.urlpatterns, path("publish/", publish_to_room)]

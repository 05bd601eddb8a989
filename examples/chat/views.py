"""The page of a room."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from examples.chat.models import Room


@login_required
def room(request: HttpRequest, slug: str) -> HttpResponse:
    room = get_object_or_404(Room, slug=slug, members=request.user)
    return render(request, "chat/room.html", {"room": room, "stream": f"chat.{slug}"})

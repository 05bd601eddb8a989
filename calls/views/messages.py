"""The sound of a voice message, which the phone company keeps."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from calls.byte_ranges import Unsatisfiable, wanted_bytes
from calls.models import Message
from calls.views.company import company
from calls.views.requests import for_agents, refused

TYPES = {"audio/mpeg", "audio/wav", "audio/x-wav"}
"""What a browser is to take for sound; anything else a page could be made of."""

MAX_BYTES = 5 * 2**20


@require_GET
@for_agents
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the voice message of a call, or the part of it that the browser asks for.

    It goes through this site, because the company's address needs the account's token.
    """
    found = Message.objects.filter(call=pk).first()
    if found is None:
        return refused(404, "This call has no message.")
    recording = company(request).recording(found.url)
    kind = recording.content_type.partition(";")[0].strip().lower()
    if kind not in TYPES or len(recording.content) > MAX_BYTES:
        return refused(502, "The phone company's answer is no voice message.")
    return sound(recording.content, kind, request.headers.get("Range", ""))


def sound(content: bytes, kind: str, asked: str) -> HttpResponse:
    """Return a response with the bytes that were asked for."""
    size = len(content)
    try:
        part = wanted_bytes(asked, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    body = content if part is None else content[part.start : part.stop]
    response = HttpResponse(body, content_type=kind, status=200 if part is None else 206)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    if part is not None:
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response

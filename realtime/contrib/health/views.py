"""The two views that load balancers ask."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from realtime.contrib.health.checks import GOOD, PARTS, running_checks


@never_cache
async def live(request: HttpRequest) -> JsonResponse:
    """Answer 200: the process runs its event loop. A process that doesn't is to be ended."""
    return JsonResponse({"live": True})


@never_cache
async def ready(request: HttpRequest, needs: Collection[str] = PARTS) -> JsonResponse:
    """Answer 200 if the process can serve and 503 if not, with the state of each part.

    ``needs`` are the parts that count, of "log", "layer" and "process". The answer comes within
    about 1.5 s, whatever hangs.
    """
    states = await running_checks().states()
    is_ready = all(states[part] in GOOD for part in needs)
    return JsonResponse({"ready": is_ready, **states}, status=200 if is_ready else 503)

"""The view that Prometheus scrapes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import constant_time_compare
from django.views import View
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from realtime.contrib.metrics.collector import RealtimeCollector
from realtime.contrib.metrics.processes import counts_of_host

BEARER = "Bearer "


class MetricsView(View):
    """Shows what all processes of this host have counted, to those who have the ``token``.

    Route to ``MetricsView.as_view(token=...)``; Prometheus sends it as ``Authorization: Bearer``.
    An empty token refuses all. ``token=None`` lets everybody in, for a view behind a decorator of
    the project's own. Raises ``ImproperlyConfigured`` where neither is said.
    """

    token: str | None = ""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view; ``token`` has to be named."""
        if "token" not in initkwargs:
            raise ImproperlyConfigured(
                f"{cls.__name__}.as_view() needs a token, or token=None behind a decorator."
            )
        return super().as_view(**initkwargs)

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer in the format that the client asks for; it takes a second."""
        if not self._may_see(request):
            return HttpResponseForbidden("The metrics need a token.\n", content_type="text/plain")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(RealtimeCollector(await counts_of_host()))
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        response = HttpResponse(encode(registry), content_type=content_type)
        add_never_cache_headers(response)
        return response

    def _may_see(self, request: HttpRequest) -> bool:
        if self.token is None:
            return True
        given = request.headers.get("Authorization", "")
        is_given = given.startswith(BEARER) and self.token != ""
        return is_given and constant_time_compare(given.removeprefix(BEARER), self.token)

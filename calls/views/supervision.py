"""The supervisor's page: which desks are connected, and which calls no desk has received."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from calls.agents import is_supervisor


@require_safe
@login_required
def supervisor(request: HttpRequest) -> HttpResponse:
    """Show the page, which asks for everything over its socket."""
    if not is_supervisor(request.user):
        return render(request, "calls/not_a_supervisor.html", status=403)
    return render(request, "calls/supervisor.html")

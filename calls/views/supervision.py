"""The supervisor's page: which desks are connected, and which calls no desk has received."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from calls.agents import SUPERVISORS, is_supervisor
from calls.views.requests import not_a_member


@require_safe
@login_required
def supervisor(request: HttpRequest) -> HttpResponse:
    """Show the page, which asks for everything over its socket."""
    if not is_supervisor(request.user):
        return not_a_member(request, SUPERVISORS, "page")
    return render(request, "calls/supervisor.html")

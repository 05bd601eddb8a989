"""The desk's page, and the list of calls."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from calls import history
from calls.agents import GROUP, is_agent, is_supervisor, person
from calls.history import Cursor
from calls.simulator import words
from calls.telephony import is_simulated
from calls.views.placing import place
from calls.views.requests import for_agents, not_a_member, parameter, primary_key
from realtime import position


@require_safe
@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """Show the agent's desk; events after its position are replayed to it."""
    if not is_agent(request.user) and is_supervisor(request.user):
        return redirect("supervisor")
    if not is_agent(request.user):
        return not_a_member(request, GROUP, "desk")
    start = position(request.user)
    first = listing()  # After the position, so that no change is missed.
    context = {
        "position": start,
        "calls": first["calls"],
        "next": first["next"],
        "agent": person(request.user),
        "simulated": is_simulated(),
        "in_force": words.in_force() if is_simulated() else [],
        "simulator_words": [{"word": word.word, "sentence": word.sentence} for word in words.WORDS],
    }
    return render(request, "calls/desk.html", context)


@require_http_methods(["GET", "POST"])
@for_agents
def call_list(request: HttpRequest) -> HttpResponse:
    """List the calls, or place one."""
    if request.method == "POST":
        return place(request)
    before, agent = parameter(request, "before"), parameter(request, "agent")
    return JsonResponse(
        listing(
            text=parameter(request, "q"),
            agent=primary_key(agent, "agent") if agent else None,
            before=Cursor.parse(before) if before else None,
        )
    )


def listing(
    text: str = "", agent: int | None = None, before: Cursor | None = None
) -> dict[str, Any]:
    """Return a page of calls, and the cursor of the next one; the first has the active calls too.

    Those that began last come first on the first page, and those that ended last on the others.
    Raises ``ValidationError`` for a search that can't be made.
    """
    wanted = history.conditions(text, agent)
    going_on = [] if before else history.active(wanted)
    page = history.page(wanted, before)
    calls = page.calls
    if before is None:
        # A call that has ended in between is on the page, too, and is there as it is now.
        both = {call.pk: call for call in [*going_on, *calls]}
        calls = sorted(both.values(), key=lambda call: (call.started_at, call.pk), reverse=True)
    return {
        "calls": [call.data() for call in calls],
        "next": str(page.next) if page.next else None,
    }

"""Whether an agent takes calls."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from calls import desk_presence
from calls.models import AgentStatus
from calls.models.agent_status import Status
from calls.views.once import once
from calls.views.requests import for_agents, text


@require_POST
@for_agents
@once
def status(request: HttpRequest) -> HttpResponse:
    """Set the agent's status: ``available``, or ``away`` from all new calls."""
    wanted = text(request, "status")
    if wanted not in Status.values:
        raise ValidationError("status is available or away.")
    current, _ = AgentStatus.objects.get_or_create(user=request.user)
    if current.status != wanted:
        current.status = wanted
        current.idle_since = timezone.now()
        current.save(update_fields=["status", "idle_since"])
    desk_presence.refresh()
    return JsonResponse({"status": current.status})

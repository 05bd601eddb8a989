"""An incoming call of the simulated phone company, for the demo."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from calls.numbers import read_number
from calls.telephony import is_simulated, site_url
from calls.telephony.simulator import CALLER, Simulator, in_background
from calls.views.requests import for_agents, refused, text


@require_POST
@for_agents
def simulate(request: HttpRequest) -> HttpResponse:
    """Simulate an incoming call, unless a real phone company is connected."""
    if not is_simulated():
        return refused(404, "A real phone company is connected; call it.")
    number = read_number(text(request, "from", CALLER))
    in_background(Simulator(site_url(request)).call_in, number)
    return JsonResponse({}, status=202)

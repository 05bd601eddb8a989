"""What people and the simulated phone company do, at an agent's word: for the demo."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from calls.agents import phone
from calls.models import Call, CallConflict
from calls.numbers import read_number
from calls.simulator import incoming, words
from calls.simulator.account import ANONYMOUS, CALLER
from calls.simulator.incoming import NobodyThere
from calls.telephony import is_simulated, site_url
from calls.telephony.simulator import Simulator
from calls.views.requests import for_agents, primary_key, refused, text

PHONES: dict[str, Callable[..., Any]] = {
    "pick-up": incoming.pick_up,
    "reject": incoming.reject,
    "hang-up": incoming.hang_up,
    "listen": incoming.listen,
}
"""What the agent's own simulated phone can do with a call that it rings for, or is in."""


@require_POST
@for_agents
def simulate(request: HttpRequest) -> HttpResponse:
    """Simulate an incoming call, unless a real phone company is connected."""
    if not is_simulated():
        return refused(404, "A real phone company is connected; call it.")
    caller = text(request, "from", CALLER)
    number = caller if caller == ANONYMOUS else read_number(caller)
    Simulator(site_url(request)).call_in_soon(number)
    return JsonResponse({}, status=202)


@require_POST
@for_agents
def simulate_word(request: HttpRequest, word: str) -> HttpResponse:
    """Do what a word says; those of ``PHONES`` are for the agent's phone and a ``call``."""
    if not is_simulated():
        return refused(404, "A real phone company is connected; it doesn't obey.")
    try:
        if word in PHONES:
            call = Call.objects.get(pk=primary_key(text(request, "call"), "call"))
            PHONES[word](call.sid, phone(request.user), timezone.now())
            return JsonResponse({}, status=202)
        sentence = words.obey(word, timezone.now())
        return JsonResponse({"sentence": sentence, "in_force": words.in_force()}, status=202)
    except NobodyThere as error:
        raise CallConflict(str(error)) from error
    except words.UnknownWord as error:
        return refused(404, str(error))

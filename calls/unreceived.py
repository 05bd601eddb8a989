"""What is done for a call that rings at desks of which none receives that: the next desks ring."""

from typing import Any

from calls.models import Call
from calls.ringing import candidates, fresh
from calls.signals import call_unreceived
from realtime.logs import get_logger

logger = get_logger(__name__)


def ring_next(event: Any) -> None:
    """Let a call ring at the next agents' desks, too, and tell the supervisors.

    ``event`` is the change of the call that nobody received. Nothing is done if the call has been
    answered or claimed since, or rings at others already. No phone is stopped: the phones of the
    agents who come in now ring when the ``<Dial>`` ends that the caller is in, and one of them who
    presses Answer before has the caller moved to her phone.
    """
    free, pk = candidates(), event.data["call"]
    if not Call.objects.filter(pk=pk).exists():
        return
    with Call.objects.change(pk) as call:
        unreached = call.rings_at
        if not unreached or unreached != event.data["ringing"]:
            return
        pks, news = fresh(call, free), [one for one in unreached if one not in call.unreceived]
        if not pks and not news:
            return
        call.rung_now, call.rung = [*pks, *call.rung_now], [*call.rung, *pks]
        call.unreceived = [*call.unreceived, *news]
        about = call.pk, call.sid, unreached, pks
        logger.warning("call not received call=%d sid=%s agents=%s next=%s", *about)
    call_unreceived.send(sender=Call, call=call)

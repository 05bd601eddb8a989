"""Finds a call that the company may have placed, though its answer never came."""

from calls.models import Call
from calls.telephony import Report, Telephony


def find_placed(call: Call, company: Telephony) -> Report | None:
    """Return what the company says of the call that ``call`` became; None if it placed none.

    Calls that are known to come from other requests don't count. Raises ``TelephonyError``.
    """
    if call.placed_by is None:
        return None
    placed = company.placed_since(call.placed_by, call.started_at)
    others = Call.objects.exclude(placed_by=None).filter(sid__in=[one.sid for one in placed])
    known = set(others.values_list("sid", flat=True))
    return next((one for one in reversed(placed) if one.sid not in known), None)


def adopt(call: Call, sid: str) -> None:
    """Give a call that was placed without an answer its sid; for use in a transaction."""
    if call.sid:
        return
    with Call.objects.change(call.pk) as placed:
        if placed.sid is None:
            merge_stray(placed, sid)
            placed.sid = sid


def merge_stray(placed: Call, sid: str) -> None:
    """Take over the legs of the call that a webhook has made of ``sid``, and delete that call.

    Desks that show it see it end.
    """
    stray = Call.objects.filter(sid=sid).first()
    if stray is None:
        return
    with Call.objects.change(stray.pk) as ending:
        ending.fail()
    stray.legs.filter(parent="").update(user=placed.placed_by)
    stray.legs.update(call=placed)
    stray.delete()
    if own := placed.legs.filter(sid=sid).first():
        placed.learn(own)

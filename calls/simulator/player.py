"""Plays what is due: the steps of all legs, in their order, each of them once.

A step that stays in the company is played in the transaction that takes it away, under the lock of
the company. One that leaves it by HTTP is leased first, and sent outside of any transaction.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from calls.simulator import dialling, lines, scripts
from calls.simulator.leases import has_ended, this_process
from calls.simulator.models import REQUESTS, Kind, Leg, Step, locked_exchange
from calls.simulator.overrides import Failure, split
from calls.simulator.webhooks import Answer, post
from calls.states import State
from realtime.logs import get_logger

logger = get_logger(__name__)

LEASE = timedelta(seconds=20)
"""How long a process may send a webhook, which takes at most 15 s, before another takes over."""

IN_ORDER = timedelta(seconds=2)
"""How long a webhook of a leg waits for an answer to the one before it."""

INTERRUPTED = Answer(failure=Failure.READ, detail="the process that sent it has ended")

Post = Callable[[str, dict[str, str]], Answer]
Send = Callable[[Step], None]


def play_due(now: datetime, post: Post = post, *, since: datetime | None = None) -> None:
    """Play all that is due, one step after the other; requests take no time.

    See ``take`` for ``since``.
    """
    while step := take(now, since=since):
        send(step, post)


def take(now: datetime, *, since: datetime | None = None) -> Step | None:
    """Play what is due up to the next request, and lease that one; None if nothing is left.

    Before ``since`` the site was away and got no webhooks: those of that time are lost, except to a
    site that was back before the last retry.
    """
    while _is_due(now):
        with locked_exchange():
            step = _next(now)
            if step is None:
                return None
            if step.kind not in REQUESTS:
                _play(step)
            elif step.leased_until is not None:
                _try_again(step, INTERRUPTED, Failure.READ, max(now, step.due))
            elif since is not None and is_lost(step, since):
                give_up(step, "the site was away")
            else:
                lease(step, now)
                return step
    return None


def settle_now(now: datetime) -> None:
    """Play what is due and stays in the company; the caller has locked it."""
    # Only requests are leased.
    due = Step.objects.filter(due__lte=now).exclude(kind__in=REQUESTS)
    while step := due.select_related("leg__parent").first():
        _play(step)


def lease(step: Step, now: datetime) -> None:
    """Let this process alone make an attempt at sending a webhook."""
    step.leased_until, step.leased_by = now + LEASE, this_process()
    step.attempts += 1
    step.save()


def is_lost(step: Step, since: datetime) -> bool:
    """Say whether a webhook was due too long before the site was back."""
    return step.first_due + timedelta(seconds=split(step.data["url"])[1].patience) < since


def next_due() -> datetime | None:
    """Return when the next step is due that nobody has leased."""
    return Step.objects.filter(leased_until=None).values_list("due", flat=True).first()


def send(step: Step, post: Post = post) -> None:
    """Send a leased webhook, and go on with what comes back."""
    settle(step, post(step.data["url"], step.data["form"]))


def settle(step: Step, answer: Answer) -> None:
    """Take note of what came back for a webhook, unless the call has gone another way meanwhile."""
    with locked_exchange():
        kept = Step.objects.select_related("leg").filter(pk=step.pk).first()
        if kept is None:
            return
        at = kept.due + timedelta(seconds=answer.seconds)
        if answer.failure is not None:
            _try_again(kept, answer, answer.failure, at)
            return
        kept.delete()
        if kept.kind == Kind.REQUEST:
            scripts.begin(_with_base(kept), answer.text, at)


def _with_base(step: Step) -> Leg:
    step.leg.base_url = step.data["url"]
    return step.leg


def _try_again(step: Step, answer: Answer, failure: Failure, at: datetime) -> None:
    elapsed = (at - step.first_due).total_seconds()
    pause = split(step.data["url"])[1].pause(failure, step.attempts, elapsed)
    if pause is None:
        give_up(step, answer.detail)
        return
    step.due, step.leased_until = at + timedelta(seconds=pause), None
    step.save()


def give_up(step: Step, reason: str) -> None:
    """Lose a webhook. A call that waited for TwiML ends."""
    url, leg = step.data["url"], step.leg
    logger.error("simulator webhook lost leg=%s url=%s reason=%s", leg.sid, url, reason)
    step.delete()
    if step.kind == Kind.REQUEST:
        if leg.state == State.RINGING:
            lines.move(leg, State.FAILED, step.due)
        else:
            lines.end(leg, step.due)


def _is_due(now: datetime) -> bool:
    return _due(now).exists()


def _due(now: datetime) -> QuerySet[Step]:
    free = Q(leased_until=None) | Q(leased_until__lt=now) | Q(leased_by__in=_ended(now))
    return Step.objects.filter(free, due__lte=now)


def _ended(now: datetime) -> list[str]:
    """Return the processes that have ended while they sent something."""
    leased = Step.objects.filter(leased_until__gte=now).order_by()
    return [one for one in leased.values_list("leased_by", flat=True).distinct() if has_ended(one)]


def _next(now: datetime) -> Step | None:
    """Return the next step; a webhook waits for the one before it of the same leg, for a while."""
    under_way = Step.objects.filter(kind=Kind.NOTIFY, leased_until__gt=now + LEASE - IN_ORDER)
    waits = Q(kind=Kind.NOTIFY, leg__in=under_way.values("leg"))
    return _due(now).exclude(waits).select_related("leg__parent").first()


def _play(step: Step) -> None:
    leg, at, data = step.leg, step.due, step.data
    step.delete()
    match step.kind:
        case Kind.MOVE:
            lines.move(leg, State(data["state"]), at)
        case Kind.END:
            lines.end(leg, at)
        case Kind.GO_ON:
            scripts.go_on(leg, data.get("result", {}), at)
        case Kind.TIMEOUT:
            dialling.timed_out(leg, at)

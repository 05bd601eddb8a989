"""What follows for agents from calls that change: since when they are idle, and what desks show."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from calls import desk_presence
from calls.models import AgentStatus, Call, Leg
from calls.signals import call_changed
from calls.states import FINAL


@receiver(call_changed, dispatch_uid="calls.refresh_desks")
def refresh_desks(call: Call, **kwargs: Any) -> None:
    """Note the end of the talk of the agent who had the call, and show who is busy."""
    if call.is_over and call.answered_by_id and call.ended_at:
        note_end_of_talk(call.answered_by_id, call.ended_at)
    desk_presence.refresh()


@receiver(post_save, sender=Leg, dispatch_uid="calls.note_end_of_leg")
def note_end_of_leg(instance: Leg, **kwargs: Any) -> None:
    """Do the same for an agent who left a call that goes on, which others don't see change."""
    if instance.user_id and instance.state in FINAL and instance.answered_at and instance.ended_at:
        note_end_of_talk(instance.user_id, instance.ended_at)
        transaction.on_commit(desk_presence.refresh, robust=True)


def note_end_of_talk(user: int, when: datetime) -> None:
    """Have an agent be idle since ``when``, if no later talk is known."""
    status, created = AgentStatus.objects.get_or_create(user_id=user, defaults={"idle_since": when})
    if not created and status.idle_since < when:
        AgentStatus.objects.filter(pk=status.pk, idle_since__lt=when).update(idle_since=when)

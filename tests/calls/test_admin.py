"""Calls in the admin: to look at, and nothing else."""

from typing import Any

from django.test import Client
from django.urls import reverse

from calls import voicemail
from calls.models import AgentStatus, Call
from tests.calls.twilio_webhooks import Poster, leg_sid


def test_a_call_shows_its_legs_and_its_message(
    admin_client: Client, ringing: Call, twilio: Poster
) -> None:
    twilio.leg("alice", "ringing", 1)
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
    voicemail.keep(ringing, recording="RE1", url=url, seconds=4)
    page = admin_client.get(reverse("admin:calls_call_change", args=[ringing.pk]))
    assert page.status_code == 200
    for shown in (ringing.sid, leg_sid("alice"), url):
        assert shown in page.content.decode()
    assert 'name="_save"' not in page.content.decode()


def test_the_lists(admin_client: Client, ringing: Call, alice: Any) -> None:
    AgentStatus.objects.create(user=alice)
    for name in ("call", "agentstatus"):
        assert admin_client.get(reverse(f"admin:calls_{name}_changelist")).status_code == 200
    found = admin_client.get(reverse("admin:calls_call_changelist"), {"q": ringing.sid})
    assert ringing.sid in found.content.decode()


def test_nothing_is_changed_there(admin_client: Client, ringing: Call) -> None:
    address = reverse("admin:calls_call_delete", args=[ringing.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert admin_client.get(reverse("admin:calls_call_add")).status_code == 403

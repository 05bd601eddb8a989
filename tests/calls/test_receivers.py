"""The events that are published for a call."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from calls.models import Call
from realtime.testing.fixtures import Published
from tests.calls.twilio_webhooks import Poster

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_change_is_published_to_every_agent_and_to_the_call(
    published: list[Published], twilio: Poster, alice: Any, bob: Any
) -> None:
    get_user_model().objects.create_user("carol")
    twilio.voice()
    twilio.leg("bob", "in-progress", 2)
    call = Call.objects.get()
    streams = {f"user.{alice.pk}", f"user.{bob.pk}", f"call.{call.pk}"}
    assert len(published) == 2 * len(streams)
    ringing, answered = published[:3], published[3:]
    assert {event.stream for event in ringing} == {event.stream for event in answered} == streams
    assert {event.name for event in published} == {"call.state"}
    assert {event.key for event in ringing} == {f"call.{call.pk}.1"}
    assert {event.key for event in answered} == {f"call.{call.pk}.2"}
    for event in ringing:
        data = event.data
        assert (data["state"], data["previous"], data["answered_by"]) == ("ringing", None, None)
    for event in answered:
        assert event.data == {**call.data(), "previous": "ringing"}


def test_a_repeated_webhook_publishes_nothing(
    published: list[Published], twilio: Poster, agents: None
) -> None:
    twilio.voice()
    twilio.voice()
    twilio.leg("bob", "in-progress", 2)
    states = [event.data["state"] for event in published]
    assert states == ["ringing"] * 3 + ["in-progress"] * 3

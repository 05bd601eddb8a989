"""What streams are told of a call."""

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
    rang, answered = published[:3], published[3:]
    assert {event.stream for event in rang} == {event.stream for event in answered} == streams
    assert {event.name for event in published} == {"call.state"}
    assert {event.key for event in rang} == {f"call.{call.pk}.1"}
    assert {event.key for event in answered} == {f"call.{call.pk}.2"}
    for event in rang:
        said = (event.data["state"], event.data["previous"], event.data["answered_by"])
        assert said == ("ringing", None, None)
    for event in answered:
        assert event.data == {**call.data(), "previous": "ringing"}


def test_a_repeated_webhook_publishes_nothing(
    published: list[Published], twilio: Poster, agents: None
) -> None:
    twilio.voice()
    once = len(published)
    twilio.voice()
    assert len(published) == once

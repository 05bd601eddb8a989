"""Fixtures of the calls tests: agents, an account at Twilio, and webhooks as Twilio sends them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.test import Client

from calls.agents import GROUP
from calls.management.commands.create_demo_users import AGENTS, PASSWORD
from calls.models import Call
from calls.ringing import first_round
from calls.signals import call_recorded
from calls.states import Direction, State
from realtime.testing.fixtures import published
from tests.calls.desks import sit_down
from tests.calls.twilio_api import TwilioApi, serving
from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN, CALL_SID, Poster

__all__ = ["published"]


@pytest.fixture(autouse=True)
def account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT_SID
    settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
    settings.TWILIO_NUMBER = "+15550100000"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def presence_in_memory(settings: Any) -> None:
    """In the database, which is in memory here, its threads would lock tables for others."""
    settings.REALTIME = {"PRESENCE": {"BACKEND": "realtime.roster.memory.MemoryPresence"}}


@pytest.fixture
def agents(db: None) -> None:
    """Create the users of the demo in three queries; its command takes four times as long."""
    user_model, password = get_user_model(), make_password(PASSWORD)
    users = [user_model(username=username, password=password) for username in AGENTS]
    Group.objects.create(name=GROUP).user_set.add(*user_model.objects.bulk_create(users))


@pytest.fixture
def alice(agents: None) -> Any:
    return get_user_model().objects.get(username="alice")


@pytest.fixture
def bob(agents: None) -> Any:
    return get_user_model().objects.get(username="bob")


@pytest.fixture
def desk(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def twilio(db: None) -> Poster:
    return Poster(Client())


@pytest.fixture
def ringing(alice: Any, bob: Any) -> Call:
    """A call that rings at both agents, who are at their desks; no webhook is played for it."""
    sit_down(alice, bob)
    numbers = {"from_number": "+15550100123", "to_number": "+15550100000"}
    new = {"direction": Direction.INBOUND, **numbers, **first_round()}
    Call.objects.record(CALL_SID, State.RINGING, **new)
    return Call.objects.listed().get(sid=CALL_SID)


@pytest.fixture
def api(settings: Any) -> Iterator[TwilioApi]:
    """Twilio's REST API, as a server of this machine."""
    with serving(api := TwilioApi()) as url:
        settings.TWILIO_API_URL = url
        yield api


@pytest.fixture
def changes() -> Iterator[list[tuple[str | None, str, int]]]:
    """All changes that are signalled: (state before, state, version)."""
    changes: list[tuple[str | None, str, int]] = []

    def record(call: Call, previous: str | None, **kwargs: Any) -> None:
        changes.append((previous, call.state, call.version))

    call_recorded.connect(record)
    yield changes
    call_recorded.disconnect(record)

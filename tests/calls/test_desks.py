"""The supervisor's page: who may see it, and what it says of the desks."""

from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from calls.agents import SUPERVISORS
from realtime.consumers import RealtimeConsumer
from realtime.layer.questions import ask
from realtime.testing import RealtimeCommunicator, RealtimeError


def connected(user: Any) -> RealtimeCommunicator:
    return RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user)


@pytest.fixture
def sue(db: None) -> Any:
    user = get_user_model().objects.create_user("sue")
    Group.objects.create(name=SUPERVISORS).user_set.add(user)
    return user


def test_only_a_supervisor_sees_the_page(client: Client, alice: Any, sue: Any) -> None:
    page = reverse("supervisor")
    assert client.get(page).status_code == 302
    client.force_login(alice)
    assert client.get(page).status_code == 403
    client.force_login(sue)
    assert client.get(page).status_code == 200
    assert client.get(reverse("desk")).url == page  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
async def test_which_desks_are_connected(
    alice: Any, bob: Any, sue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.connections.ask", partial(ask, within=0.1))
    async with connected(sue) as page, connected(alice) as desk, connected(alice):
        await page.subscribe("supervisors")
        await desk.subscribe("me")
        alices, bobs = (await page.send("supervisors", "desks", timeout=5))["desks"]
        assert (alices["name"], alices["status"]) == ("alice", "available")
        assert sorted(window["live"] for window in alices["windows"]) == [False, True]
        assert bobs["windows"] == []
        with pytest.raises(RealtimeError, match="Ask for desks"):
            await page.send("supervisors", "anything")


@pytest.mark.django_db(transaction=True)
async def test_agents_do_not_ask(alice: Any) -> None:
    async with connected(alice) as desk:
        with pytest.raises(RealtimeError):
            await desk.subscribe("supervisors")

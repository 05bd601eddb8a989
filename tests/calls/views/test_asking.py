"""The page asks for a call that the agent's phone has left."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from calls.models import Action, Call
from calls.reconciliation.due import overdue
from calls.views.asking import MAX_A_MINUTE, MINUTE


def ask(desk: Client, call: Call, token: Any = None) -> int:
    fields = {"token": token or uuid4()}
    return desk.post(f"/calls/{call.pk}/ask/", fields).status_code


def is_due(call: Call) -> bool:
    return overdue(timezone.now()).filter(pk=call.pk).exists()


def test_the_company_is_asked_soon(desk: Client, ringing: Call) -> None:
    assert not is_due(ringing)
    assert ask(desk, ringing) == 202
    assert is_due(ringing)


def test_one_question_is_asked_once(desk: Client, ringing: Call) -> None:
    token = uuid4()
    assert ask(desk, ringing, token) == 202
    Call.objects.update(check_at=None)
    assert ask(desk, ringing, token) == 202
    assert not is_due(ringing)


def test_a_call_that_is_over_is_not_asked_for(desk: Client, ringing: Call) -> None:
    Call.objects.update(state="completed", check_at=None)
    assert ask(desk, ringing) == 202
    assert not is_due(ringing)


def test_an_agent_asks_so_often_a_minute(desk: Client, bobs_desk: Client, ringing: Call) -> None:
    answers = [ask(desk, ringing) for _ in range(MAX_A_MINUTE + 1)]
    assert answers == [202] * MAX_A_MINUTE + [429]
    assert ask(bobs_desk, ringing) == 202
    Action.objects.update(created_at=timezone.now() - MINUTE)
    assert ask(desk, ringing) == 202


@pytest.mark.parametrize("fields", [{}, {"token": "mine"}])
def test_a_question_needs_a_token(desk: Client, ringing: Call, fields: dict[str, str]) -> None:
    assert desk.post(f"/calls/{ringing.pk}/ask/", fields).status_code == 400


def test_who_may_not_ask(client: Client, ringing: Call) -> None:
    assert ask(client, ringing) == 401

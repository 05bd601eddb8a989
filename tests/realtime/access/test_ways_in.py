"""Which way in counts: the handshake's, a ticket's, the project's function's, a visitor's."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from realtime.access.first_frame import FirstFrame
from realtime.access.ways_in import find_login
from realtime.exceptions import TicketExpired
from realtime.tickets import Grant, issue
from tests.virtual_time import elapsed, settle

pytestmark = pytest.mark.usefixtures("transactional_db")  # For the threads of the sign-ins.

CAROL = SimpleNamespace(pk="carol", is_authenticated=True, is_active=True)
PING = '{"type": "ping", "nonce": "hello"}'

asked = []


def authenticate(scope, ticket):
    """Carol is known to the scope or has a password; and one ticket was good once."""
    asked.append(ticket)
    if ticket == "yesterday's":
        raise TicketExpired("It was yesterday's.")
    if ticket == "late":
        return Grant(CAROL, expires=time.time() - 1)
    return CAROL if ticket == "carol's" or "carol" in scope else None


@pytest.fixture
def project(settings):
    asked.clear()
    settings.REALTIME = {**settings.REALTIME, "AUTHENTICATE": f"{__name__}.authenticate"}


def bob():
    return get_user_model()(pk=7, username="bob")


async def found(*, first=PING, **scope):
    """Return the login of a client whose first frame comes while it is looked for."""
    first_frame = FirstFrame()
    finding = asyncio.create_task(find_login(scope, first_frame))
    await settle()
    if first is not None:
        text = first if first == PING else json.dumps({"type": "authenticate", "ticket": first})
        first_frame.take(text)
    return await finding


async def test_the_user_of_a_middleware_is_found_without_waiting(alice):
    assert (await found(user=alice, first=None)).user == alice


async def test_a_ticket_in_the_first_frame(alice):
    assert (await found(first=issue(alice))).user == alice


async def test_a_ticket_as_a_subprotocol(alice):
    offered = ["realtime.v1", f"realtime.ticket.{issue(alice)}"]
    assert (await found(subprotocols=offered, first=None)).user == alice


async def test_a_ticket_counts_before_the_user_of_the_handshake(alice):
    subprotocols = ["realtime.v1", "realtime.ticket"]
    login = await found(user=bob(), subprotocols=subprotocols, first=issue(alice))
    assert login.user == alice


async def test_a_client_that_announces_a_ticket_and_has_none_is_nobody(alice):
    announced = ["realtime.v1", "realtime.ticket"]
    assert await found(user=alice, subprotocols=announced) is None


async def test_a_visitor_is_known_as_soon_as_the_first_frame_is_none():
    assert await found() is None
    assert elapsed() < 2


async def test_a_used_ticket_has_expired(alice):
    ticket = issue(alice)
    await found(first=ticket)
    with pytest.raises(TicketExpired):
        await found(first=ticket)


@pytest.mark.parametrize("junk", ["", "junk", "a~b~c", "x" * 10_000, "é", "a b\x00"])
async def test_junk_as_a_subprotocol_is_nobodys_and_not_shown_to_the_project(project, junk):
    assert await found(subprotocols=[f"realtime.ticket.{junk}"]) is None
    assert asked == ([junk] if junk in ("junk", "a~b~c") else [])


async def test_the_projects_function_is_asked_for_the_scope_and_then_for_the_ticket(project):
    assert (await found(carol=True)).user is CAROL
    assert (await found(first="carol's")).user is CAROL
    assert asked == [None, None, "carol's"]


async def test_it_is_not_asked_about_a_user_or_ticket_that_is_known(project, alice):
    await found(user=alice)
    await found(user=bob(), subprotocols=["realtime.ticket"], first=issue(alice))
    assert asked == []


@pytest.mark.parametrize("ticket", ["yesterday's", "late"])
async def test_what_has_expired_for_the_project_has_expired(project, ticket):
    with pytest.raises(TicketExpired):
        await found(first=ticket)


async def test_visitors_where_the_site_takes_them(settings):
    settings.REALTIME = {**settings.REALTIME, "ANONYMOUS": True}
    login = await found(client=("192.0.2.1", 4711))
    assert login.is_visitor and login.me is None
    assert (login.user.is_authenticated, login.account) == (False, "visitor 192.0.2.1")
    assert await found(first="forged") is None

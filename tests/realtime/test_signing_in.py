"""``RealtimeConsumer`` for those without a session cookie: tickets, visitors, signed names."""

import json
import time

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.models import AnonymousUser

from realtime import apublish, areauthorize
from realtime.access import expiry, first_frame
from realtime.access.tickets import read
from realtime.concurrency.threads import nonblocking
from realtime.consumers import RealtimeConsumer
from realtime.exceptions import RealtimeError
from realtime.streams import Stream, register, sign_stream
from realtime.testing import RealtimeCommunicator
from realtime.tickets import Grant, issue, ticket_view
from tests.virtual_time import elapsed

pytestmark = pytest.mark.django_db(transaction=True)

application = RealtimeConsumer.as_asgi()


@register("plaza")
class Plaza(Stream):
    """Public, but for what is closed."""

    public = True
    asked = []

    @nonblocking
    def authorize(self, user):
        self.asked.append(user)
        return self.key != "closed"

    @nonblocking
    def snapshot(self, user):
        return {"for": str(user)}

    @nonblocking
    def receive(self, user, name, data):
        return {"from": str(user)}


@register("office")
class Office(Stream):
    """For users who are signed in."""

    @nonblocking
    def authorize(self, user):
        return True


@pytest.fixture
def alice():
    return get_user_model().objects.create(username="alice")


def opened(**how):
    return RealtimeCommunicator(application, **how)


@pytest.fixture
def let_pass(monkeypatch):
    """Let the clock on the wall go forward; timers that look at it do so within 50 ms."""
    now = time.time
    monkeypatch.setattr(expiry, "LONGEST", 0.05)
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: now() + seconds)


async def refusal(socket, stream):
    with pytest.raises(RealtimeError) as refused:
        await socket.subscribe(stream)
    return refused.value.code


# Tickets


async def test_a_ticket_signs_in(alice):
    async with opened(ticket=issue(alice)) as socket:
        assert socket.me == f"user.{alice.pk}"
        assert socket.subprotocol == "realtime.v1"
        assert (await socket.subscribe("office.1"))["stream"] == "office.1"


async def test_a_ticket_as_a_subprotocol_is_not_selected(alice):
    for offered in (["realtime.v1"], ["realtime.v2", "realtime.v1"]):
        ticket = f"realtime.ticket.{issue(alice)}"
        async with opened(subprotocols=[ticket, *offered]) as socket:
            assert (socket.subprotocol, socket.me) == ("realtime.v1", f"user.{alice.pk}")


async def test_a_ticket_opens_one_socket(alice):
    ticket = issue(alice)
    async with opened(ticket=ticket) as first:
        async with opened(ticket=ticket) as second:
            assert await second.closed() == 4401
            bye = {"type": "bye", "code": 4401, "reason": "expired", "retry": True}
            assert await second.frame("bye") == bye
        assert (await first.subscribe("office.1"))["stream"] == "office.1"


@pytest.mark.parametrize("ticket", ["forged", "a~b", "x" * 8192])
async def test_a_forged_ticket_is_refused_for_good(ticket):
    async with opened(ticket=ticket) as socket:
        assert await socket.closed() == 4501
    async with opened(subprotocols=["realtime.v1", f"realtime.ticket.{ticket}"]) as socket:
        assert await socket.closed() == 4501


@pytest.mark.parametrize("ticket", ["", "x" * 10_000, "a\nb", "\ud800", 7, ["a"], {}])
async def test_a_frame_that_has_no_ticket_is_a_visitors(ticket):
    async with opened(ticket=ticket) as socket:
        assert await socket.closed() == 4501


async def test_its_streams_are_the_only_ones(alice):
    async with opened(ticket=issue(alice, ["office.1", "office.2"])) as socket:
        await socket.subscribe("office.1")
        assert await refusal(socket, "office.3") == "forbidden"
        assert await refusal(socket, "me") == "forbidden"
        assert await refusal(socket, sign_stream("office.3")) == "forbidden"
        assert (await socket.subscribe(sign_stream("office.2")))["stream"] == "office.2"


async def test_they_are_that_after_the_user_was_asked_for_again(alice):
    async with opened(ticket=issue(alice, ["office.1"])) as socket:
        alice.first_name = "Alice"
        await alice.asave()
        await areauthorize(alice)
        assert (await socket.subscribe("office.1"))["stream"] == "office.1"
        assert await refusal(socket, "office.2") == "forbidden"


def new_password(user):
    user.set_password("other")
    user.save()


def deactivate(user):
    user.is_active = False
    user.save()


@pytest.mark.parametrize(
    "end", [new_password, deactivate, lambda user: user.delete()], ids=["password", "off", "gone"]
)
async def test_what_ends_a_login_ends_the_socket_of_a_ticket(alice, end):
    async with opened(ticket=issue(alice)) as socket:
        await sync_to_async(end)(alice)
        assert await socket.closed(5) == 4504


async def test_a_new_password_ends_the_sockets_of_old_tickets_only(alice):
    async with opened(ticket=issue(alice)) as old:
        await sync_to_async(new_password)(alice)
        async with opened(ticket=issue(alice)) as new:
            assert await old.closed(5) == 4504
            assert (await new.subscribe("office.1"))["stream"] == "office.1"


async def test_the_logout_ends_the_sockets_of_the_sessions_tickets(alice, rf, client):
    await client.aforce_login(alice)
    request = rf.post("/ticket/")
    request.user, request.session = alice, await client.asession()
    ticket = json.loads(ticket_view(request).content)["ticket"]
    assert request.session.session_key not in str(read(ticket))
    async with opened(ticket=ticket) as socket, opened(ticket=issue(alice)) as other:
        await sync_to_async(logout)(request)
        assert await socket.closed(5) == 4504
        assert (await other.subscribe("office.1"))["stream"] == "office.1"


async def test_authenticate_after_the_welcome_is_an_error(alice):
    async with opened(user=alice) as socket:
        await socket.send_frame({"type": "authenticate", "ticket": issue(alice), "ref": 1})
        error = await socket.frame("error")
        assert (error["code"], error["ref"]) == ("too_late", 1)
        assert (await socket.subscribe("office.1"))["stream"] == "office.1"


# The project's own function


def authenticate(scope, ticket):
    user = get_user_model().objects.get()
    return Grant(user, expires=time.time() + 60) if ticket == "good" else None


def broken(scope, ticket):
    raise KeyError(ticket)


@pytest.fixture
def project(settings):
    settings.REALTIME = {**settings.REALTIME, "AUTHENTICATE": f"{__name__}.authenticate"}


async def test_a_socket_ends_with_the_grant_and_the_next_one_goes_on(alice, project, let_pass):
    async with opened(ticket="good") as socket:
        at = await socket.subscribe("office.1")
        await apublish("office.1", "news", "before")
        assert (await socket.event())["data"] == "before"
        let_pass(60)
        assert await socket.closed() == 4401
    await apublish("office.1", "news", "meanwhile")
    async with opened(ticket="good") as socket:
        after = {"epoch": at["epoch"], "offset": at["offset"] + 1}
        assert (await socket.subscribe("office.1", after=after))["recovered"]
        assert (await socket.event())["data"] == "meanwhile"


async def test_what_the_function_raises_is_a_fault(settings, caplog):
    settings.REALTIME = {**settings.REALTIME, "AUTHENTICATE": f"{__name__}.broken"}
    async with opened(ticket="secret") as socket:
        assert await socket.closed() == 4500
    (record,) = [one for one in caplog.records if one.name == "realtime.consumers"]
    assert record.exc_info


async def test_a_function_that_is_missing_is_a_fault(settings):
    settings.REALTIME = {**settings.REALTIME, "AUTHENTICATE": f"{__name__}.missing"}
    async with opened() as socket:
        assert await socket.closed() == 4500


# Visitors


@pytest.fixture
def visitors_welcome(settings):
    settings.REALTIME = {**settings.REALTIME, "ANONYMOUS": True, "MAX_SOCKETS_PER_USER": 1}


async def test_a_visitor_follows_what_is_public(visitors_welcome):
    async with opened() as socket:
        assert "me" not in socket.welcome
        Plaza.asked.clear()
        assert (await socket.subscribe("plaza.1"))["snapshot"] == {"for": "AnonymousUser"}
        assert [type(user) for user in Plaza.asked] == [AnonymousUser]
        await apublish("plaza.1", "news", "for all")
        assert (await socket.event())["data"] == "for all"
        assert await socket.send("plaza.1", "hello") == {"from": "AnonymousUser"}


@pytest.mark.parametrize("stream", ["me", "office.1", "plaza.closed", "user.1"])
async def test_a_visitor_follows_nothing_else(visitors_welcome, stream):
    async with opened() as socket:
        assert await refusal(socket, stream) == "forbidden"
        with pytest.raises(RealtimeError) as refused:
            await socket.send(stream, "hello")
        assert refused.value.code == ("forbidden" if stream == "me" else "not_subscribed")


async def test_visitors_are_not_one_user(visitors_welcome):
    async with opened() as first, opened() as second:
        for socket in (first, second):
            assert (await socket.subscribe("plaza.1"))["stream"] == "plaza.1"


async def test_a_user_is_still_a_user(visitors_welcome, alice):
    async with opened(user=alice) as socket, opened(ticket=issue(alice)) as other:
        assert other.me == f"user.{alice.pk}"
        assert await socket.closed() == 4505


async def test_a_visitor_with_a_bad_ticket_is_refused(visitors_welcome):
    async with opened(ticket="forged") as socket:
        assert await socket.closed() == 4501


async def test_a_visitor_who_says_nothing_is_refused_after_a_while(monkeypatch):
    socket = opened(timeout=60)
    monkeypatch.setattr(socket._socket, "send", lambda frame: None)
    began = elapsed()
    async with socket:
        assert await socket.closed() == 4501
    assert elapsed() - began >= first_frame.FIRST_FRAME_TIMEOUT


# Signed names


async def test_a_signed_name_is_followed_under_the_plain_one(alice):
    async with opened(user=alice) as socket:
        name = sign_stream("signed.7", user=alice)
        answer = await socket.subscribe(name)
        assert answer["stream"] == "signed.7" and "snapshot" not in answer
        await apublish("signed.7", "news", 1)
        assert (await socket.event())["stream"] == "signed.7"
        with pytest.raises(RealtimeError, match="not to send"):
            await socket.send("signed.7", "hello")
        assert (await socket.unsubscribe("signed.7"))["stream"] == "signed.7"
        await socket.subscribe(name)
        assert (await socket.unsubscribe(name))["stream"] == "signed.7"


async def test_a_visitor_follows_a_name_that_is_bound_to_nobody(visitors_welcome, alice):
    async with opened() as socket:
        assert (await socket.subscribe(sign_stream("office.1")))["stream"] == "office.1"
        assert await refusal(socket, sign_stream("office.2", user=alice)) == "forbidden"
        assert await refusal(socket, "office.2~~~forged") == "forbidden"


async def test_a_name_that_has_expired_is_followed_no_more(alice, let_pass):
    async with opened(user=alice) as socket:
        await socket.subscribe(sign_stream("office.1"))
        await socket.subscribe(sign_stream("office.2", seconds=60))
        let_pass(60)
        await areauthorize(stream="office.1")
        await areauthorize(stream="office.2")
        ended = await socket.frame("unsubscribed", timeout=5)
        assert (ended["stream"], ended["reason"]) == ("office.2", "forbidden")


async def test_a_name_that_has_expired_is_refused(alice, let_pass):
    name = sign_stream("office.1", seconds=60)
    let_pass(60)
    async with opened(user=alice) as socket:
        assert await refusal(socket, name) == "forbidden"


async def test_the_plain_name_is_followed_once(alice):
    async with opened(user=alice) as socket:
        await socket.subscribe("office.1")
        assert await refusal(socket, sign_stream("office.1")) == "already_subscribed"

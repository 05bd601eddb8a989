"""How many sockets a user may have."""

import uuid
from types import SimpleNamespace

import pytest

from realtime.access.login import Login, session_digest
from realtime.access.user_sockets import UserSockets, user_sockets


class CountedSocket:
    def __init__(self, pk, session_key=None):
        self.id = uuid.uuid4().hex
        self.login = Login(SimpleNamespace(pk=pk), session_key)
        self.closed = None

    def close(self, code, reason=""):
        self.closed = int(code)


@pytest.fixture(autouse=True)
def two_sockets_a_user(settings):
    settings.REALTIME = {"MAX_SOCKETS_PER_USER": 2}


async def test_one_socket_too_many_closes_the_oldest_of_that_user():
    sockets = UserSockets()
    first, second, third, others = *(CountedSocket(1) for _ in range(3)), CountedSocket(2)
    for socket in (first, others, second, third):
        sockets.add(socket)
    assert [one.closed for one in (first, second, third, others)] == [4505, None, None, None]


async def test_a_socket_that_has_ended_makes_room():
    sockets = UserSockets()
    first, second, third = (CountedSocket(1) for _ in range(3))
    sockets.add(first)
    sockets.add(second)
    sockets.remove(second)
    sockets.add(third)
    assert [one.closed for one in (first, third)] == [None, None]


async def test_one_that_was_closed_counts_no_more_and_is_not_closed_again():
    sockets = UserSockets()
    all_of_them = [CountedSocket(1) for _ in range(5)]
    for socket in all_of_them:
        sockets.add(socket)
    assert [one.closed for one in all_of_them] == [4505, 4505, 4505, None, None]
    sockets.remove(all_of_them[0])
    sockets.add(CountedSocket(1))
    assert all_of_them[3].closed == 4505


async def test_a_socket_that_was_never_counted_may_be_removed():
    sockets = UserSockets()
    visitor = CountedSocket(1)
    visitor.login = None
    sockets.remove(visitor)
    sockets.remove(CountedSocket(1))


async def test_an_event_loop_has_one_count():
    assert user_sockets() is user_sockets()


async def test_sockets_are_found_by_user_and_by_session():
    sockets = UserSockets()
    first, second, others = CountedSocket(1, "a"), CountedSocket(1, "b"), CountedSocket(2, "a")
    for socket in (first, second, others):
        sockets.add(socket)
    assert sockets.of_user("user.1") == [first, second]
    assert sockets.of_session(session_digest("a")) == [first, others]
    assert sockets.all() == [first, second, others]


async def test_a_socket_that_has_ended_is_not_found():
    sockets = UserSockets()
    socket = CountedSocket(1, "a")
    sockets.add(socket)
    sockets.remove(socket)
    assert sockets.of_user("user.1") == sockets.of_session(session_digest("a")) == []
    assert sockets.all() == []


def test_a_digest_does_not_say_the_key():
    assert "secret-key" not in session_digest("secret-key")
    assert session_digest("secret-key") != session_digest("secret-kez")


async def test_visitors_of_one_address_share_a_budget_and_are_not_counted():
    sockets = UserSockets()
    visitors = [CountedSocket(None) for _ in range(4)]
    for visitor, address in zip(visitors, ["192.0.2.1"] * 3 + ["192.0.2.2"], strict=True):
        visitor.login.address = address
        sockets.add(visitor)
    assert [one.closed for one in visitors] == [None] * 4
    assert visitors[0].budget is visitors[1].budget is visitors[2].budget
    assert visitors[3].budget is not visitors[0].budget
    assert sockets.users() == set() and len(sockets.all()) == 4
    for visitor in visitors:
        sockets.remove(visitor)
    assert sockets.all() == []

"""What a process answers about its sockets and streams, to those who ask all processes."""

import pytest
from django.contrib.auth import get_user_model

from realtime import aopen_sockets
from realtime.consumers import RealtimeConsumer
from realtime.layer.questions import aask
from realtime.testing import RealtimeCommunicator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def users():
    return [get_user_model().objects.create_user(name) for name in ("alice", "bob")]


def connected(user):
    return RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user)


async def test_the_open_sockets_of_a_user(users):
    alice, bob = users
    async with connected(alice) as first, connected(alice), connected(bob):
        await first.subscribe("me")
        sockets = {socket.id: socket for socket in await aopen_sockets(alice)}
        assert len(sockets) == 2
        own = f"user.{alice.pk}"
        assert {socket.user for socket in sockets.values()} == {own}
        assert sorted(socket.streams for socket in sockets.values()) == [(), (own,)]
        assert len(await aopen_sockets(users)) == 3
    assert await aopen_sockets(users) == []


async def test_how_many_follow_a_stream(users):
    alice, bob = users
    async with connected(alice) as first, connected(bob) as second:
        await first.subscribe("me")
        await second.subscribe("me")
        [answer] = (await aask("followers", {"streams": ["user.0", f"user.{bob.pk}"]})).values()
        assert answer == {f"user.{bob.pk}": 1}


async def test_only_users_have_sockets():
    with pytest.raises(TypeError, match="Pass a user"):
        await aopen_sockets(["alice"])

"""How many sockets a user may have."""

from types import SimpleNamespace

from realtime.sockets.user_sockets import UserSockets


class CountedSocket:
    def __init__(self, pk):
        self.user = SimpleNamespace(pk=pk)
        self.ended = None

    def close(self, code):
        self.ended = int(code)


def test_one_socket_too_many_ends_the_oldest_of_that_user(settings):
    settings.REALTIME = {"MAX_SOCKETS_PER_USER": 2}
    sockets = UserSockets()
    first, second, third, others = *(CountedSocket(1) for _ in range(3)), CountedSocket(2)
    for socket in (first, others, second, third):
        sockets.add(socket)
    assert [first.ended, second.ended, third.ended, others.ended] == [4505, None, None, None]
    sockets.remove(second)
    sockets.add(CountedSocket(1))
    assert third.ended is None

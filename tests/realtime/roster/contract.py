"""What the tests of a backend share: processes that come and go, and what is announced of them."""

from realtime.roster.base import ONLINE, Leave, Member

LEASE = 15.0
GRACE = 10.0
"""Seconds."""


class Process:
    """A process of the site, which writes to a backend."""

    def __init__(self, backend, name):
        self.backend = backend
        self.name = name
        self.members = {}
        backend.replace(name, LEASE, [], GRACE)

    def join(self, socket, user, *streams, since=1000):
        joins = [Member(socket, stream, user, since) for stream in streams or [ONLINE]]
        self.members |= {(one.socket, one.stream): one for one in joins}
        return self.write(joins)

    def leave(self, socket, *streams, grace=GRACE):
        gone = [self.members.pop((socket, stream)) for stream in streams or [ONLINE]]
        return self.write(leaves=[Leave(member, grace) for member in gone])

    def write(self, joins=(), leaves=()):
        return self.backend.write(self.name, LEASE, list(joins), list(leaves))

    def write_again(self):
        """Do what a process does that has lost its lease."""
        self.backend.replace(self.name, LEASE, list(self.members.values()), GRACE)


def swept(backend):
    """Sweep, and return what is then announced, in order, as short texts."""
    backend.sweep(GRACE, True)
    return announced(backend)


def announced(backend):
    found = []
    while pending := backend.pending():
        for notice in pending:
            assert backend.deliver(notice, lambda notice: found.extend(texts(notice)))
    return found


def texts(notice):
    """Say what a notice says: "+room.7 alice" for a join, "first room.7" and so on."""
    if notice.first:
        yield f"first {notice.stream}"
    for sign, entries in (("+", notice.join), ("-", notice.leave), ("~", notice.update)):
        yield from (f"{sign}{notice.stream} {entry['user']}".strip() for entry in entries)
    if notice.last:
        yield f"last {notice.stream}"


def users(backend, stream=ONLINE):
    return [one.user for one in backend.present([stream])[stream]]


def sockets(backend, user):
    return [one.socket for one in backend.sockets_of([user])[user]]

"""A backend in memory that counts what it is asked, and may be away."""

from realtime.concurrency.threads import nonblocking
from realtime.roster.memory import MemoryPresence


class RecordingPresence(MemoryPresence):
    """Has no lease times that pass: the test's clock is not the backend's."""

    def __init__(self):
        super().__init__()
        self.is_away = False
        self.writes = []
        """Of each write: the sockets that joined, and those that left."""
        self.replacements = []
        self.sweeps = 0

    @nonblocking
    def write(self, process, lease, joins, leaves):
        self._require_store()
        self.writes.append(([one.socket for one in joins], [one.member.socket for one in leaves]))
        return super().write(process, lease, joins, leaves)

    @nonblocking
    def replace(self, process, lease, members, grace):
        self._require_store()
        self.replacements.append([member.socket for member in members])
        super().replace(process, lease, members, grace)
        self.writes.pop()

    @nonblocking
    def sweep(self, grace, notice_users):
        self._require_store()
        self.sweeps += 1
        return super().sweep(grace, notice_users)

    def lose_leases(self):
        """Do what another process does that finds this one's lease run out."""
        self._end_leases(grace=0.0, now=float("inf"))

    def _require_store(self):
        if self.is_away:
            raise ConnectionError("away")

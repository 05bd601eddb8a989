"""What the simulated phone company knows, read from its own tables."""

from typing import NamedTuple

import psycopg
from psycopg.rows import namedtuple_row

from tests.processes.waiting import wait_until

LEGS = """
SELECT leg.sid, leg.to_address, leg.state, parent.sid AS parent,
       extract(epoch FROM leg.answered_at)::float AS answered_at,
       extract(epoch FROM leg.ended_at)::float AS ended_at
FROM simulator_leg AS leg LEFT JOIN simulator_leg AS parent ON parent.id = leg.parent_id
WHERE leg.sid = %(sid)s OR parent.sid = %(sid)s
ORDER BY leg.id
"""
NEWEST = "SELECT sid FROM simulator_leg WHERE parent_id IS NULL ORDER BY id DESC LIMIT 1"
AGENTS = "SELECT 'client:agent_' || id, username FROM auth_user"


class Leg(NamedTuple):
    """One phone's connection; times are seconds of the wall clock."""

    sid: str
    to_address: str
    state: str
    parent: str | None
    answered_at: float | None
    ended_at: float | None


class Company:
    """Looks into the database of a site."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self.close = self._connection.close
        self._agents = dict(self._connection.execute(AGENTS).fetchall())

    def newest(self) -> str:
        """Return the sid of the newest call, "" if there is none."""
        row = self._connection.execute(NEWEST).fetchone()
        return row[0] if row else ""

    def legs(self, sid: str) -> list[Leg]:
        """Return the legs of a call, its own first."""
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return [Leg(*row) for row in cursor.execute(LEGS, {"sid": sid}).fetchall()]

    def talk(self, sid: str) -> frozenset[str]:
        """Return the sids of the legs that are connected, if two are; none otherwise."""
        up = frozenset(leg.sid for leg in self.legs(sid) if leg.state == "in-progress")
        return up if len(up) > 1 else frozenset()

    def answered(self, sid: str, within: float) -> float:
        """Wait until two phones are connected, and return since when."""
        up = wait_until(lambda: self.talk(sid), within, "two phones are connected")
        return max(leg.answered_at or 0.0 for leg in self.legs(sid) if leg.sid in up)

    def ended(self, sid: str) -> float:
        """Return when a call has ended."""
        own, *_ = self.legs(sid)
        assert own.ended_at, f"{own} goes on"
        return own.ended_at

    def talker(self, sid: str) -> str:
        """Return the name of the agent whose phone is connected."""
        up = self.talk(sid)
        [name] = {
            self._agents[leg.to_address]
            for leg in self.legs(sid)
            if leg.sid in up and leg.to_address in self._agents
        }
        return name

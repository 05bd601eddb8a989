"""The event log as the outside of the hub: it is slow, fails, lags and goes back when a test says.

It needs no threads, so it goes with virtual time.
"""

import asyncio
import copy
import json
import time
import uuid

from realtime.eventlog import Draft, Moved, Page
from realtime.eventlog.memory import MemoryEventLog
from realtime.protocol.position import Position


class FaultyLog(MemoryEventLog):
    def __init__(self):
        super().__init__()
        self.requests = []
        """What was asked of it: (method, argument)."""
        self.error = None
        """What every request raises, if anything."""
        self.answers = asyncio.Event()
        """Requests wait while this is not set."""
        self.answers.set()
        self.last_read = {}
        """The last offset of a stream that a read finds, as on a replica that lags."""
        self.when_answered = lambda: None
        """What happens when a request has its answer, and its caller not yet."""
        self.knows_what_moved = True
        """Whether it can say more than that all is to be compared."""
        self.pruning_takes = 0.0
        """Seconds."""
        self.prune_error = None
        self.pending = []
        """Batches of events that a publisher which died has left without an offset."""

    def write(self, stream, *data, exclude=None):
        """Append events, and return them as they are broadcast."""
        events = []
        for one in data:
            at = int(time.time() * 1000)
            draft = Draft(uuid.uuid4().hex, "n", json.dumps(one), at, exclude=exclude)
            self.append([stream], draft, events.extend)
        return events

    def top(self, stream):
        """Return a stream's position, without a request."""
        return super().positions([stream])[stream]

    def start(self, stream):
        """Return the position before a stream's first event."""
        return self.top(stream)._replace(offset=0)

    def backup(self):
        return copy.deepcopy(self._streams)

    def restore(self, backup):
        self._streams = copy.deepcopy(backup)

    def lose(self, stream, offset):
        """Lose one event, as a retention may that does not go by age alone."""
        kept = self._streams[stream].events
        kept[:] = [one for one in kept if one.event.offset != offset]

    def asked(self, method):
        return [argument for name, argument in self.requests if name == method]

    async def positions(self, streams):
        await self._request("positions", list(streams))
        found = super().positions(streams)
        self.when_answered()
        return found

    async def moved(self, cursor, limit):
        await self._request("moved", cursor)
        found = super().moved(cursor, limit)
        self.when_answered()
        return found if self.knows_what_moved else Moved(None, None)

    async def read(self, after, limit):
        await self._request("read", dict(after))
        pages = super().read(after, limit)
        self.when_answered()
        return {name: self._lagging(name, page) for name, page in pages.items()}

    async def new_epoch(self, stream, epoch, beyond=None):
        await self._request("new_epoch", stream)
        return super().new_epoch(stream, epoch, beyond)

    async def prune_in_turn(self, process, seconds):
        await self._request("prune", None)
        await asyncio.sleep(self.pruning_takes)
        if self.prune_error is not None:
            raise self.prune_error
        return super().prune_in_turn(process, seconds)

    async def number_pending(self):
        await self._request("number_pending", None)
        return self.pending.pop(0) if self.pending else ()

    def _lagging(self, name, page):
        last = self.last_read.get(name, page.position.offset)
        events = [event for event in page.events if event.offset <= last]
        return Page(Position(page.position.epoch, min(last, page.position.offset)), events)

    async def _request(self, method, argument):
        self.requests.append((method, argument))
        error = self.error
        await self.answers.wait()
        if error is not None:
            raise error

"""What the tests of a log share: publishing to it, and reading what it keeps."""

import uuid

from realtime.eventlog import Draft

AT = 1_769_100_000_000
"""Milliseconds: January 2026."""


class Broadcast(list):
    """Collects what the log gave its offsets."""

    def __call__(self, events):
        self.extend(events)


def draft(name="n", data="null", key=None, at=AT, **about):
    return Draft(uuid.uuid4().hex, name, data, at, key, **about)


def publish(log, *streams, **fields):
    broadcast = Broadcast()
    log.append(streams, draft(**fields), broadcast)
    return broadcast


def page(log, stream, after=0, limit=1000):
    return log.read({stream: after}, limit)[stream]


def offsets(log, stream, after=0, limit=1000):
    return [event.offset for event in page(log, stream, after, limit).events]


def names(log, stream, after=0):
    return [event.name for event in page(log, stream, after).events]


def position(log, stream):
    return log.positions([stream])[stream]

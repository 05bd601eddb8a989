"""Names that somebody makes up leave nothing behind in a log that has no event of theirs."""

from realtime.eventlog.database import DatabaseEventLog
from realtime.eventlog.memory import MemoryEventLog
from realtime.models import StreamHead
from tests.realtime.eventlog.contract import page, position, publish


def test_a_position_that_is_asked_for_is_the_one_of_the_first_event(log):
    before = position(log, "made.up")
    assert page(log, "made.up").position == before
    publish(log, "made.up")
    assert position(log, "made.up") == before._replace(offset=1)


def test_the_memory_log_keeps_nothing_of_them():
    log = MemoryEventLog()
    for number in range(1000):
        position(log, f"made.{number}")
        page(log, f"made.{number}")
    assert not log._streams


def test_the_database_log_makes_no_heads_of_them(transactional_db):
    log = DatabaseEventLog()
    for number in range(5):
        position(log, f"made.{number}")
        page(log, f"made.{number}")
    assert not StreamHead.objects.filter(name__startswith="made.").exists()

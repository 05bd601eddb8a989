"""What every log says of the streams that have moved."""

import json
import time
from datetime import timedelta

import pytest
import redis
from django.db import connection, transaction
from django.db.models import F

from realtime.eventlog import Moved
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.database.moved import _MOVED, CURSOR_FOR, LOOK_BEHIND
from realtime.eventlog.memory import MemoryEventLog
from realtime.eventlog.redis import RedisEventLog
from realtime.models import Event, StreamHead
from tests.realtime.eventlog.contract import Broadcast, draft, position, publish
from tests.realtime.eventlog.test_entries import Others


@pytest.fixture
def database_log(transactional_db):
    return DatabaseEventLog()


@pytest.fixture
def redis_log(redis_server):
    return RedisEventLog(redis_server.url)


@pytest.fixture
def client(redis_server):
    return redis.Redis.from_url(redis_server.url, decode_responses=True)


def cursor_of_now(log):
    position(log, "user.0")  # Tests have no seed of epochs before that.
    found = log.moved(None, 1000)
    assert found.positions is None
    return found.cursor


def moved(log, cursor, limit=1000):
    return log.moved(cursor, limit).positions


def test_streams_with_events_have_moved_and_no_others(log):
    publish(log, "user.1")
    publish(log, "user.9")
    cursor = cursor_of_now(log)
    publish(log, "user.1", "user.2")
    publish(log, "user.1")
    found = moved(log, cursor)
    assert {"user.1", "user.2"} <= found.keys() <= {"user.1", "user.2", "user.9"}
    assert found == log.positions(list(found))
    assert found["user.1"].offset == 3


def test_a_cursor_goes_on_from_where_the_last_look_was(log):
    cursor = cursor_of_now(log)
    for number in range(1, 4):
        publish(log, f"user.{number}")
        found = log.moved(cursor, 1000)
        assert f"user.{number}" in found.positions
        cursor = found.cursor
    assert log.moved(cursor, 1000).positions is not None


def test_what_moves_between_two_looks_is_seen_by_the_second(log):
    publish(log, "user.1")
    first = log.moved(cursor_of_now(log), 1000)
    publish(log, "user.2")
    assert "user.2" in moved(log, first.cursor)


def test_a_repeated_key_is_no_event(log):
    cursor = cursor_of_now(log)
    publish(log, "user.1", key="k")
    publish(log, "user.1", key="k")
    assert moved(log, cursor) == {"user.1": position(log, "user.1")}


def test_a_forgotten_stream_has_moved(log):
    publish(log, "user.1", "user.2")
    publish(log, "user.2")
    cursor = cursor_of_now(log)
    log.forget("user.1")
    found = moved(log, cursor)
    assert found["user.1"] == position(log, "user.1")
    assert found["user.1"].offset == 0


def test_a_stream_with_a_new_epoch_has_moved(log):
    before = publish(log, "user.1")[0].epoch
    publish(log, "user.2")
    cursor = cursor_of_now(log)
    new = log.new_epoch("user.1", before)
    assert new.epoch != before
    assert moved(log, cursor)["user.1"] == new


def test_where_more_has_moved_than_is_asked_for_all_have_to_be_compared(log):
    publish(log, "user.0")
    cursor = cursor_of_now(log)
    for number in range(5):
        publish(log, f"user.{number}")
    assert moved(log, cursor, 2) is None
    assert len(moved(log, cursor, 10)) == 5


def test_an_event_that_is_not_committed_has_not_moved_its_stream(log):
    publish(log, "user.2")
    cursor = cursor_of_now(log)
    with transaction.atomic():
        log.append(["user.1"], draft(), Broadcast())
        assert "user.1" not in moved(log, cursor)
    assert "user.1" in moved(log, cursor)


def test_pruning_by_count_hides_no_move(log, keep):
    keep(COUNT=1)
    publish(log, "user.1")
    cursor = cursor_of_now(log)
    for _ in range(3):
        publish(log, "user.1")
    log.prune()
    assert moved(log, cursor)["user.1"].offset == 4


def test_a_log_of_others_that_can_not_say_has_all_compared():
    assert Others().moved(None, 10) == Moved(None, None)


def numbered_earlier(seconds, stream=None):
    """Make the numbering of events older, as if the clock had gone on or the commit had waited."""
    events = Event.objects.all() if stream is None else Event.objects.filter(stream=stream)
    events.update(numbered_at=F("numbered_at") - timedelta(seconds=seconds))


def test_a_commit_may_come_late(database_log):
    publish(database_log, "user.2")
    cursor = cursor_of_now(database_log)
    publish(database_log, "user.1")
    numbered_earlier(LOOK_BEHIND - 1, "user.1")
    assert "user.1" in moved(database_log, cursor)


def test_what_a_dead_publisher_left_moves_when_it_is_numbered(database_log):
    publish(database_log, "user.1")
    Event.objects.filter(stream="user.1").update(offset=None, numbered_at=None)
    StreamHead.objects.filter(name="user.1").update(top=0)
    cursor = cursor_of_now(database_log)
    database_log.number_pending()
    assert moved(database_log, cursor)["user.1"].offset == 1


@pytest.mark.parametrize("seconds", [CURSOR_FOR + 5, -5])
def test_a_clock_that_jumps_has_all_compared(database_log, seconds):
    publish(database_log, "user.1")
    at, *others = json.loads(cursor_of_now(database_log))
    jumped = json.dumps([at - seconds, *others])
    assert moved(database_log, jumped) is None


def test_a_restored_database_has_all_compared(database_log):
    publish(database_log, "user.1")
    backup = list(Event.objects.values()), list(StreamHead.objects.values())
    publish(database_log, "user.2")
    publish(database_log, "user.1")
    cursor = cursor_of_now(database_log)
    assert moved(database_log, cursor) is not None
    for model, rows in zip((Event, StreamHead), backup, strict=True):
        model.objects.all().delete()
        model.objects.bulk_create([model(**row) for row in rows])
    assert moved(database_log, cursor) is None
    publish(database_log, "user.1")  # At the offset of the one that was lost.
    assert moved(database_log, cursor) is None


def test_without_its_rows_all_streams_of_a_database_are_compared(database_log):
    position(database_log, "user.1")
    cursor = cursor_of_now(database_log)
    StreamHead.objects.all().delete()
    position(database_log, "user.1")
    assert moved(database_log, cursor) is None


def test_a_newest_event_that_was_pruned_by_count_is_no_sign_of_a_restored_database(
    database_log, keep
):
    keep(COUNT=1)
    publish(database_log, "user.1")
    cursor = cursor_of_now(database_log)
    publish(database_log, "user.1")
    database_log.prune()
    assert moved(database_log, cursor) == {"user.1": position(database_log, "user.1")}


def test_publishing_does_not_touch_the_index_of_begun_epochs(database_log):
    publish(database_log, "user.1")
    assert not StreamHead.objects.filter(begun_at__isnull=False).exists()
    database_log.forget("user.1")
    publish(database_log, "user.1")
    assert StreamHead.objects.filter(begun_at__isnull=False).count() == 1


def test_the_search_reads_indexes(database_log):
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    search = _MOVED.format(time="%s").replace("%s", "'2026-11-26 00:00:00'", 2)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # Small tables would be read as they are.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {search}", [1])
        plan = str(cursor.fetchall())
    assert "realtime_event_by_numbering" in plan
    assert "realtime_heads_begun" in plan


@pytest.mark.processes
def test_a_redis_that_lost_its_keys_has_all_compared(redis_log, client):
    publish(redis_log, "user.1")
    cursor = cursor_of_now(redis_log)
    client.flushdb()
    assert moved(redis_log, cursor) is None
    cursor = cursor_of_now(redis_log)
    assert moved(redis_log, cursor) == {}
    client.flushdb()
    time.sleep(0.002)  # Redis names entries by milliseconds, and two of one are the same.
    publish(redis_log, "user.1")
    assert moved(redis_log, cursor) is None


@pytest.mark.processes
def test_a_redis_that_evicts_keys_has_all_compared(redis_log, client):
    publish(redis_log, "user.1")
    cursor = cursor_of_now(redis_log)
    assert moved(redis_log, cursor) == {}
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", "1mb")
    try:
        client.set("x", "y")
    except redis.ResponseError:
        pass
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
    assert client.info("stats")["evicted_keys"]
    assert moved(redis_log, cursor) is None


@pytest.mark.processes
def test_a_redis_list_that_was_cut_before_it_was_read_has_all_compared(redis_log, client):
    publish(redis_log, "user.1")
    cursor = cursor_of_now(redis_log)
    for number in range(5):
        publish(redis_log, f"user.{number}")
    client.xtrim("realtime:recent", maxlen=3, approximate=False)
    assert moved(redis_log, cursor) is None


@pytest.mark.processes
def test_a_redis_user_without_the_right_to_ask_for_the_server_gets_what_moved(
    redis_log, client, redis_server
):
    client.acl_setuser(
        "app",
        enabled=True,
        passwords=["+secret"],
        keys=["*"],
        channels=["*"],
        commands=["+@all", "-info"],
    )
    log = RedisEventLog(redis_server.url.replace("//", "//app:secret@"))
    cursor = cursor_of_now(log)
    publish(log, "user.1")
    assert moved(log, cursor).keys() == {"user.1"}


def test_a_process_of_memory_compares_nothing_that_did_not_move():
    log = MemoryEventLog()
    publish(log, *(f"user.{number}" for number in range(50)))
    cursor = cursor_of_now(log)
    publish(log, "user.7")
    assert moved(log, cursor) == {"user.7": position(log, "user.7")}

"""A stream that is forgotten has no past."""

from tests.realtime.eventlog.contract import names, offsets, page, position, publish


def test_forgetting_erases_and_begins_a_new_epoch(log):
    publish(log, "user.1", name="secret")
    old = position(log, "user.1")
    log.forget("user.1")
    new = position(log, "user.1")
    assert new.epoch != old.epoch
    assert new.offset == 0
    assert page(log, "user.1").events == []
    publish(log, "user.1", name="fresh")
    assert (names(log, "user.1"), offsets(log, "user.1")) == (["fresh"], [1])
    assert position(log, "user.1") == (new.epoch, 1)


def test_other_streams_are_not_forgotten(log):
    publish(log, "user.1", "user.10", "user.1.x", key="k", name="kept")
    log.forget("user.1")
    for stream in ("user.10", "user.1.x"):
        assert names(log, stream) == ["kept"]
        assert publish(log, stream, key="k") == []


def test_the_keys_are_forgotten_too(log):
    publish(log, "user.1", key="k:*", name="secret")
    log.forget("user.1")
    publish(log, "user.1", key="k:*", name="fresh")
    assert names(log, "user.1") == ["fresh"]


def test_forgetting_where_nothing_was_published_changes_nothing(log):
    before = position(log, "user.1")
    log.forget("user.1")
    assert position(log, "user.1") == before
    publish(log, "user.1")
    log.forget("user.1")
    forgotten = position(log, "user.1")
    log.forget("user.1")
    assert position(log, "user.1") == forgotten


def test_what_was_pruned_is_forgotten_too(log, keep, pass_time):
    keep(AGE=3600)
    publish(log, "user.1")
    pass_time(4000)
    log.prune()
    before = position(log, "user.1")
    log.forget("user.1")
    assert position(log, "user.1").epoch != before.epoch

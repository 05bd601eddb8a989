import pytest

from tests.realtime.checks.reported import messages

MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
REDIS = "realtime.eventlog.redis.RedisEventLog"
BY_PREFIX = "realtime.eventlog.by_prefix.EventLogByPrefix"


def by_prefix(logs):
    return {"EVENT_LOG": {"BACKEND": BY_PREFIX, "OPTIONS": {"logs": logs}}}


@pytest.mark.parametrize(
    ("realtime", "sentence"),
    [
        ({"EVENT_LOG": {"BACKEND": "nope.Log"}}, "REALTIME['EVENT_LOG'] can't be used: No module"),
        ({"EVENT_LOG": {"BACKEND": REDIS}}, "missing 1 required positional argument: 'url'"),
        ({"EVENT_LOG": {"BACKEND": BY_PREFIX}}, "'logs'"),
        (by_prefix([MEMORY]), "a dict of prefixes with their logs"),
        (by_prefix({"room.": MEMORY}), "the prefix '' stands for all other streams"),
        (by_prefix({"": MEMORY, "room.*": MEMORY}), "can begin with the prefix 'room.*'"),
        (by_prefix({"": MEMORY, 7: MEMORY}), "can begin with the prefix 7"),
        (by_prefix({"": MEMORY, "room.": REDIS}), "the prefix 'room.' is a dict with a BACKEND"),
        (by_prefix({"": MEMORY, "room.": {"BACKEND": "nope.Log"}}), "'room.' can't be made: No mo"),
        (by_prefix({"": {"BACKEND": REDIS, "OPTIONS": {"uri": ""}}}), "prefix '' can't be made"),
        ({"PRESENCE": {"BACKEND": "nope.Presence"}}, "REALTIME['PRESENCE'] can't be used: No mo"),
        ({"RECORDER": {"BACKEND": "nope.Recorder"}}, "REALTIME['RECORDER'] can't be used: No mo"),
    ],
)
def test_a_backend_that_can_not_be_made_is_named(settings, realtime, sentence):
    settings.REALTIME = realtime
    (message,) = messages()
    assert message.id == "realtime.E016"
    assert sentence in message.msg


def test_logs_by_prefix_that_can_be_made_are_no_mistake(settings):
    settings.REALTIME = by_prefix({"": MEMORY, "room.": MEMORY, "user-": MEMORY})
    assert messages() == []


def test_a_database_that_is_not_there_has_an_id_of_its_own(settings):
    database = {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"}
    settings.REALTIME = by_prefix({"": {**database, "OPTIONS": {"database": "nowhere"}}})
    assert [message.id for message in messages()] == ["realtime.E013"]


def test_presence_that_can_not_be_made_is_asked_for_nothing_else(settings):
    backend = "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    settings.REALTIME = {"EVENT_LOG": None, "PRESENCE": {"BACKEND": "nope.Presence"}}
    assert [message.id for message in messages()] == ["realtime.E016"]


@pytest.mark.parametrize(
    ("realtime", "layer", "found"),
    [
        ({"EVENT_LOG": None}, "channels_redis.pubsub.RedisPubSubChannelLayer", ["realtime.W010"]),
        ({"EVENT_LOG": None}, "channels.layers.InMemoryChannelLayer", []),
        ({"EVENT_LOG": None, "PRESENCE": False}, "channels.layers.BaseChannelLayer", []),
    ],
)
def test_presence_that_knows_one_process_is_named(settings, realtime, layer, found):
    settings.DEBUG = True
    settings.REALTIME = realtime
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer}}
    assert [message.id for message in messages()] == found

import pytest
from django.db import connection

from tests.realtime.checks.reported import messages

PUB_SUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


@pytest.mark.parametrize(
    ("layers", "debug", "found"),
    [
        ({}, False, "realtime.W001"),
        ({"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}, False, "realtime.W001"),
        (
            {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}},
            True,
            "realtime.W002",
        ),
        ({"default": {"BACKEND": "channels_rediss.pubsub.Layer"}}, True, "realtime.E015"),
    ],
)
def test_a_layer_that_will_not_do_is_named(settings, layers, debug, found):
    settings.CHANNEL_LAYERS = layers
    settings.DEBUG = debug
    assert [message.id for message in messages()] == [found]


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"hosts": ["redis://localhost:6379/3"]}, ["realtime.W007"]),
        ({"hosts": ["redis://localhost:6379/?db=3"]}, ["realtime.W007"]),
        ({"hosts": [{"address": "redis://localhost:6379/3"}]}, ["realtime.W007"]),
        ({"hosts": [{"host": "localhost", "db": 3}]}, ["realtime.W007"]),
        ({"hosts": ["redis://localhost:6379/3"], "prefix": "mysite"}, []),
        ({"hosts": ["redis://localhost:6379/0", ("localhost", 6379)]}, []),
        ({"hosts": [{"address": "unix:///run/redis.sock"}]}, []),
        ({"hosts": None}, []),
        ({}, []),
    ],
)
def test_a_redis_that_others_may_have_too_is_named(settings, config, found):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": PUB_SUB, "CONFIG": config}}
    assert [message.id for message in messages()] == found
    settings.CHANNEL_LAYERS["default"]["BACKEND"] = "realtime.layer.redis_pubsub." + PUB_SUB[22:]
    assert [message.id for message in messages()] == found
    settings.CHANNEL_LAYERS["default"]["BACKEND"] = "channels.layers.BaseChannelLayer"
    assert messages() == []


def test_a_layer_for_postgresql_in_a_database_that_is_not_there_is_named(settings):
    backend = "realtime.layer.postgres.PostgresChannelLayer"
    layer = {"BACKEND": backend, "CONFIG": {"database": "nowhere"}}
    settings.CHANNEL_LAYERS = {"default": layer}
    [message] = messages()
    assert (message.id, "not in DATABASES" in message.msg) == ("realtime.E014", True)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, ["realtime.E014"]),
        ({"database": "default"}, ["realtime.E014"]),
        ({"dsn": "postgres://localhost/site"}, []),
    ],
)
def test_a_layer_for_postgresql_on_another_database_is_named(settings, monkeypatch, config, found):
    backend = "realtime.layer.postgres.PostgresChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    assert [message.id for message in messages()] == found
    monkeypatch.setattr(connection, "vendor", "postgresql")
    assert messages() == []

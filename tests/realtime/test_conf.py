import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from realtime.conf import realtime_settings
from realtime.jwt import authenticate


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEBUG = True  # The in-memory layer of the test settings is a fault elsewhere.


def messages():
    return [
        message
        for message in run_checks(databases=[])
        if (message.id or "").startswith("realtime.")
    ]


def test_defaults(settings):
    settings.REALTIME = {}
    assert realtime_settings().HEARTBEAT_INTERVAL == 10.0
    assert realtime_settings().HEARTBEAT_TIMEOUT == 8.0
    assert realtime_settings().MAX_FRAME_BYTES == 65536
    assert messages() == []


def test_a_change_is_seen(settings):
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 3}
    assert realtime_settings().HEARTBEAT_INTERVAL == 3
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 4}
    assert realtime_settings().HEARTBEAT_INTERVAL == 4


def test_a_limit_of_a_user_below_that_of_a_socket_is_named_by_the_check(settings):
    settings.REALTIME = {"MAX_STREAMS_PER_USER": 99}
    (message,) = messages()
    assert message.id == "realtime.W009"
    assert "can't follow 100 streams" in message.msg
    settings.REALTIME = {"MAX_STREAMS_PER_USER": 100}
    assert messages() == []


@pytest.mark.parametrize(
    ("configured", "sentence"),
    [
        ([], "must be a dict, not list"),
        ({"HEARTBEAT": 3}, "has no setting 'HEARTBEAT'; there are: HEARTBEAT_INTERVAL"),
        ({"HEARTBEAT_INTERVAL": 0}, "must be a number above 0, not 0"),
        ({"HEARTBEAT_INTERVAL": "10"}, "must be a number above 0, not '10'"),
        ({"HEARTBEAT_TIMEOUT": True}, "must be a number above 0, not True"),
        ({"HEARTBEAT_TIMEOUT": float("nan")}, "must be a number above 0, not nan"),
        ({"MAX_FRAME_BYTES": 1.5}, "must be a whole number, not 1.5"),
        ({"EVENT_LOG": "memory"}, "must have a BACKEND, or be None: 'memory'"),
        ({"EVENT_LOG": {"backend": "x"}}, "must have a BACKEND"),
        ({"SITE": 7}, "must be text, or None: 7"),
        ({"SITE": ""}, "must be text, or None: ''"),
        ({"AUTHENTICATE": authenticate}, "REALTIME['AUTHENTICATE'] must be text, or None"),
        ({"ANONYMOUS": "yes"}, "must be True or False, not 'yes'"),
        ({"RETENTION": 7}, "is a dict of COUNT and AGE, not 7"),
        ({"RETENTION": {"DAYS": 7}}, "is a dict of COUNT and AGE"),
        ({"RETENTION": {"AGE": 0}}, "REALTIME['RETENTION']['AGE'] must be a number above 0"),
    ],
)
def test_a_mistake_is_named_by_the_check_and_by_the_first_use(settings, configured, sentence):
    settings.REALTIME = configured
    (message,) = messages()
    assert message.id == "realtime.E001"
    assert sentence in message.msg
    with pytest.raises(ImproperlyConfigured) as error:
        realtime_settings()
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "path", ["nowhere.authenticate", "realtime.jwt.nothing", "realtime.jwt.__name__", "function"]
)
def test_an_authenticate_that_cannot_be_called_is_named(settings, path):
    settings.REALTIME = {"AUTHENTICATE": path}
    (message,) = messages()
    assert message.id == "realtime.E012" and "REALTIME['AUTHENTICATE']" in message.msg
    settings.REALTIME = {"AUTHENTICATE": "realtime.jwt.authenticate"}
    assert messages() == []


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


@pytest.mark.parametrize(
    "realtime",
    [
        {},
        {"EVENT_LOG": None, "PRESENCE": False},
        {"EVENT_LOG": {"BACKEND": "realtime.eventlog.redis.RedisEventLog"}, "PRESENCE": False},
    ],
)
def test_a_database_that_cannot_have_the_tables_is_named_with_any_log(
    settings, monkeypatch, realtime
):
    monkeypatch.setattr(connection, "vendor", "mysql")
    settings.REALTIME = realtime
    assert [message.id for message in messages()] == ["realtime.E003"]


@pytest.mark.parametrize("value", [None, 1, "memory", {}, {"BACKEND": 7}, {"OPTIONS": {}}])
def test_a_presence_that_cannot_be_is_named(settings, value):
    settings.REALTIME = {"PRESENCE": value}
    (message,) = messages()
    assert "REALTIME['PRESENCE']" in message.msg


PUB_SUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


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


@pytest.mark.parametrize(
    ("vendor", "options", "found"),
    [
        ("sqlite", {}, ["realtime.W003"]),
        ("sqlite", {"transaction_mode": "IMMEDIATE"}, []),
        ("postgresql", {}, []),
    ],
)
def test_a_database_that_will_not_do_is_named(settings, monkeypatch, vendor, options, found):
    settings.REALTIME = {}
    monkeypatch.setattr(connection, "vendor", vendor)
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert [message.id for message in messages()] == found
    settings.REALTIME = {"EVENT_LOG": None}
    assert messages() == []


def test_the_middleware_needs_no_django_project():
    code = (
        "from realtime.conf import realtime_settings; import realtime.middleware;"
        "print(realtime_settings().HEARTBEAT_INTERVAL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("10.0\n", "")

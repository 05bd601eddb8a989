import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from realtime.conf import realtime_settings
from realtime.jwt import authenticate
from tests.realtime.checks.reported import messages


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEBUG = True  # The in-memory layer of the test settings is a fault elsewhere.


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


@pytest.mark.parametrize("value", [None, 1, "memory", {}, {"BACKEND": 7}, {"OPTIONS": {}}])
def test_a_presence_that_cannot_be_is_named(settings, value):
    settings.REALTIME = {"PRESENCE": value}
    (message,) = messages()
    assert "REALTIME['PRESENCE']" in message.msg


def test_the_middleware_needs_no_django_project():
    code = (
        "from realtime.conf import realtime_settings; import realtime.middleware;"
        "print(realtime_settings().HEARTBEAT_INTERVAL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("10.0\n", "")

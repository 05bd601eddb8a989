import pytest

from tests.realtime.checks.reported import messages


def test_a_limit_of_a_user_below_that_of_a_socket_is_named_by_the_check(settings):
    settings.REALTIME = {"MAX_STREAMS_PER_USER": 99}
    (message,) = messages()
    assert message.id == "realtime.W009"
    assert "can't follow 100 streams" in message.msg
    settings.REALTIME = {"MAX_STREAMS_PER_USER": 100}
    assert messages() == []


@pytest.mark.parametrize(
    "path", ["nowhere.authenticate", "realtime.jwt.nothing", "realtime.jwt.__name__", "function"]
)
def test_an_authenticate_that_cannot_be_called_is_named(settings, path):
    settings.REALTIME = {"AUTHENTICATE": path}
    (message,) = messages()
    assert message.id == "realtime.E012" and "REALTIME['AUTHENTICATE']" in message.msg
    settings.REALTIME = {"AUTHENTICATE": "realtime.jwt.authenticate"}
    assert messages() == []

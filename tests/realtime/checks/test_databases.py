import pytest
from django.db import connection

from tests.realtime.checks.reported import messages


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

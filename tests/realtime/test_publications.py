"""Several events published together: their order, and nothing of them where one is wrong."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import transaction

from realtime import Publication, apublish_many, position, publish_many
from realtime.eventlog import event_log
from realtime.publications import MAX_PUBLICATIONS
from realtime.testing import fixtures
from realtime.testing.fixtures import Published

published = fixtures.published

pytestmark = pytest.mark.django_db(transaction=True)

LOGS = {
    "database": {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"},
    "memory": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"},
    "none": None,
}


@pytest.fixture(params=LOGS)
def log(request, settings):
    settings.REALTIME = {"EVENT_LOG": LOGS[request.param]}
    return event_log()


@pytest.fixture(params=[publish_many, async_to_sync(apublish_many)], ids=["sync", "async"])
def publish(request):
    return request.param


def test_each_event_goes_to_its_streams_in_the_order_of_the_list(log, publish, published):
    user = get_user_model()(pk=42)
    ids = publish(
        [
            Publication(user, "call.state", {"call": 7}, key="call.7.1"),
            Publication([user, "call.7"], "call.note"),
            Publication([], "to nobody"),
            Publication("call.7", "call.ended", exclude="e92f8876f50e"),
        ]
    )
    assert len(set(ids)) == 4
    key = "call.7.1" if log else None
    assert [record for record in published if record.stream == "user.42"] == [
        Published("user.42", "call.state", {"call": 7}, key),
        Published("user.42", "call.note", None),
    ]
    assert [one.name for one in published if one.stream == "call.7"] == ["call.note", "call.ended"]
    assert position("user.42").offset == (2 if log else 0)


def test_they_are_part_of_the_transaction(log, publish, published):
    some = [Publication("user.1", name) for name in "abc"]
    with transaction.atomic():
        publish(some)
        assert published == []
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish(some)
        raise ZeroDivisionError
    assert [record.name for record in published] == ["a", "b", "c"]
    publish(some, ephemeral=True)
    assert [record.name for record in published] == ["a", "b", "c"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        [Publication("no such name!", "n")],
        [Publication("user.1", "")],
        [Publication("user.1", "n", object())],
        [Publication("user.1", "n", key="")],
        [Publication(7, "n")],
        [Publication("user.1", "n")] * MAX_PUBLICATIONS,
    ],
)
def test_where_one_is_wrong_none_is_published(log, publish, published, wrong):
    with pytest.raises((ValueError, TypeError)):
        publish([Publication("user.1", "right"), *wrong])
    assert published == []
    assert position("user.1").offset == 0


def test_no_event_is_none(log, publish, published):
    assert publish([]) == []
    assert published == []


async def test_in_an_event_loop_it_says_what_to_call():
    with pytest.raises(RuntimeError, match="apublish_many"):
        publish_many([])

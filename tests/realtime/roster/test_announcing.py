"""What is announced: an event in the stream's log, and signals, each once."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from realtime import publish
from realtime.eventlog import event_log
from realtime.roster import announcing, presence_backend
from realtime.roster.announcing import announce_pending
from realtime.roster.base import ONLINE, Member
from realtime.signals import stream_first, stream_last, user_came_online, user_went_offline
from realtime.streams import Stream, register
from tests.realtime.roster.contract import GRACE, Process


@register("foyer")
class Foyer(Stream):
    presence = True


@pytest.fixture
def store():
    return presence_backend()


@pytest.fixture
def process(store):
    return Process(store, "p")


@pytest.fixture
def received():
    """Connect a receiver to a signal for this test; what it gets is noted."""
    found, connected = [], []

    def connect(signal, receiver=None, **options):
        def note(signal, sender, **arguments):
            found.append((sender, arguments))

        connected.append((signal, receiver or note))
        signal.connect(receiver or note, weak=False, **options)
        return found

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)
        signal.disconnect(receiver, sender=Foyer)


def sweep(store):
    store.sweep(GRACE, announcing.announces_users())
    announce_pending(store)


def events(stream):
    """Return the frames of a stream's log."""
    return [json.loads(one.frame) for one in event_log().read({stream: 0}, 100)[stream].events]


def test_a_join_and_a_leave_are_events_of_the_stream(store, process):
    process.join("s", "7", "foyer.1")
    sweep(store)
    publish("foyer.1", "hello")
    process.leave("s", "foyer.1", grace=0.0)
    sweep(store)
    joined, hello, left = events("foyer.1")
    assert [one["offset"] for one in (joined, hello, left)] == [1, 2, 3]
    assert joined["name"] == left["name"] == "realtime.presence"
    (entry,) = joined["data"]["join"]
    assert (entry["user"], entry["meta"]) == ("user.7", {})
    assert entry["since"] > 1_700_000_000_000
    assert left["data"] == {"leave": [entry]}


def test_an_update_is_one_too(store, process):
    process.join("s", "a b", "foyer.1")
    sweep(store)
    store.update("foyer.1", "a b", {"typing": True})
    announce_pending(store)
    (entry,) = events("foyer.1")[1]["data"]["update"]
    assert (entry["user"], entry["meta"]) == ("user-.a-20b", {"typing": True})


def test_many_who_come_together_are_few_events(store, process):
    process.write([Member(f"s{n}", "foyer.1", str(n), 1) for n in range(250)])
    sweep(store)
    assert [len(one["data"]["join"]) for one in events("foyer.1")] == [100, 100, 50]


def test_an_event_whose_notice_is_repeated_is_there_once(store, process):
    process.join("s", "7", "foyer.1")
    store.sweep(GRACE, False)
    (id,) = store.pending()

    def announce_twice(notice):
        announcing.announce(notice)
        announcing.announce(notice)

    store.deliver(id, announce_twice)
    assert len(events("foyer.1")) == 1


def test_nobody_else_may_publish_such_events():
    with pytest.raises(ValueError, match="who is there"):
        publish("foyer.1", "realtime.presence", {"join": []})


def test_the_first_and_the_last_in_a_stream_are_signalled_for_its_class(store, process, received):
    found = received(stream_first, sender=Foyer)
    received(stream_last, sender=Foyer)
    process.join("s", "7", "foyer.1")
    sweep(store)
    process.join("t", "8", "foyer.1")
    sweep(store)
    assert found == [(Foyer, {"stream": "foyer.1"})]
    process.leave("s", "foyer.1", grace=0.0)
    process.leave("t", "foyer.1", grace=0.0)
    sweep(store)
    assert found == [(Foyer, {"stream": "foyer.1"})] * 2


@pytest.mark.django_db
def test_users_who_come_online_and_go_offline(store, process, received, django_user_model):
    alice = django_user_model.objects.create_user("alice")
    came, went = received(user_came_online), received(user_went_offline)
    process.join("s", str(alice.pk))
    process.join("t", "999")
    sweep(store)
    assert came == [
        (get_user_model(), {"user_pk": str(alice.pk), "user": alice}),
        (get_user_model(), {"user_pk": "999", "user": None}),
    ]
    came.clear()
    process.leave("s", grace=0.0)
    sweep(store)
    assert went == [(get_user_model(), {"user_pk": str(alice.pk), "user": alice})]


def test_nobody_is_noted_for_a_signal_that_nobody_receives(store, process):
    process.join("s", "7")
    store.sweep(GRACE, announcing.announces_users())
    assert store.pending() == []


def test_a_receiver_that_raises_is_logged_and_the_others_run(store, process, received, caplog):
    def fails(**arguments):
        raise ZeroDivisionError("by design")

    received(stream_first, fails)
    found = received(stream_first)
    process.join("s", "7", "foyer.1")
    sweep(store)
    assert len(found) == 1
    assert "test_a_receiver_that_raises" in caplog.text
    assert "by design" in caplog.text
    assert store.pending() == []


def test_an_async_receiver(store, process, received):
    found = []

    async def receiver(signal, sender, **arguments):
        found.append(arguments)

    received(stream_first, receiver)
    process.join("s", "7", "foyer.1")
    sweep(store)
    assert found == [{"stream": "foyer.1"}]


def test_what_fails_holds_up_its_own_stream_alone(store, process, monkeypatch, caplog):
    for number in (1, 2):
        process.join(f"s{number}", "7", f"foyer.{number}")
    store.sweep(GRACE, False)
    announce, failing = announcing.announce, ["foyer.1"]

    def announce_or_fail(notice):
        if notice.stream in failing:
            raise ConnectionError("away")
        announce(notice)

    monkeypatch.setattr(announcing, "announce", announce_or_fail)
    announce_pending(store)
    assert len(events("foyer.2")) == 1
    assert "presence not announced" in caplog.text
    failing.clear()
    announce_pending(store)
    assert len(events("foyer.1")) == 1


class Broken(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_in_the_database_a_receiver_and_the_end_of_its_notice_are_one(
    settings, received, django_user_model
):
    settings.REALTIME = {"PRESENCE": {"BACKEND": "realtime.roster.database.DatabasePresence"}}
    backend, users = presence_backend(), django_user_model.objects

    def writes(**arguments):
        users.create_user("written")

    def breaks(**arguments):
        users.create_user("broken")
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    received(user_came_online, writes)
    received(user_came_online, breaks)
    process = Process(backend, "p")
    process.join("s", "7", ONLINE)
    backend.sweep(GRACE, True)
    (notice,) = backend.pending()

    def is_killed(notice):
        announcing.announce(notice)
        raise Broken

    with pytest.raises(Broken):
        backend.deliver(notice, is_killed)
    assert not users.exists(), "what the receivers did went with the process"
    announce_pending(backend)
    assert [user.username for user in users.all()] == ["written"]
    assert backend.pending() == []

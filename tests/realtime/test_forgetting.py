import io

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction

from realtime import position, publish
from realtime.eventlog import event_log

pytestmark = pytest.mark.django_db(transaction=True)


class ProxyUser(get_user_model()):
    class Meta:
        proxy = True
        app_label = "auth"


@pytest.fixture(params=["memory.MemoryEventLog", "database.DatabaseEventLog"])
def log(request, settings):
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": f"realtime.eventlog.{request.param}"}}
    return event_log()


@pytest.fixture
def alice(log):
    alice = get_user_model().objects.create_user("alice")
    publish(alice, "call.state", {"from": "+15550100123"})
    return alice


def kept(log, stream):
    return log.read({stream: 0}, 10)[stream].events


def test_a_deleted_users_events_are_erased(log, alice):
    stream = f"user.{alice.pk}"
    assert len(kept(log, stream)) == 1
    alice.delete()
    assert len(kept(log, stream)) == 0


def test_a_proxy_that_is_made_after_the_start_is_a_user_too(log, alice):
    ProxyUser.objects.get(pk=alice.pk).delete()
    assert len(kept(log, f"user.{alice.pk}")) == 0


def test_a_deletion_that_is_rolled_back_erases_nothing(log, alice):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        alice.delete()
        raise ZeroDivisionError
    (user,) = get_user_model().objects.all()
    assert len(kept(log, f"user.{user.pk}")) == 1


def test_the_command_erases_by_user_name_and_by_stream(log, alice):
    before = position(alice)
    out = io.StringIO()
    call_command("realtime_forget", "--user=alice", stdout=out)
    assert out.getvalue() == f"user.{alice.pk} is forgotten\n"
    assert len(kept(log, f"user.{alice.pk}")) == 0
    assert position(alice).epoch != before.epoch
    for option in ("--user", "--pk"):
        publish(alice, "n")
        call_command("realtime_forget", f"{option}={alice.pk}", stdout=out)
        assert len(kept(log, f"user.{alice.pk}")) == 0
    publish("call.7", "n")
    call_command("realtime_forget", "--stream=call.7", stdout=out)
    assert len(kept(log, "call.7")) == 0


@pytest.fixture
def two_users_of_one_text(alice):
    """A user who is named as the primary key of alice is written; both have an event."""
    named = get_user_model().objects.create_user(str(alice.pk))
    publish(named, "call.state")
    return alice, named


def test_a_text_that_means_two_users_erases_nothing(log, two_users_of_one_text):
    alice, named = two_users_of_one_text
    refused = rf"key is {named.pk}, .* another, 'alice'. Say --pk={named.pk} or --pk={alice.pk}"
    with pytest.raises(CommandError, match=refused):
        call_command("realtime_forget", f"--user={alice.pk}")
    streams = {user: f"user.{user.pk}" for user in (alice, named)}
    assert [len(kept(log, stream)) for stream in streams.values()] == [1, 1]
    call_command("realtime_forget", f"--pk={named.pk}", stdout=io.StringIO())
    assert [len(kept(log, stream)) for stream in streams.values()] == [1, 0]


def test_it_means_two_users_even_if_one_was_deleted(log, two_users_of_one_text):
    alice, named = two_users_of_one_text
    get_user_model().objects.filter(pk=alice.pk)._raw_delete("default")
    with pytest.raises(CommandError, match=r"another, who was deleted\. Say --pk="):
        call_command("realtime_forget", f"--user={named.username}")
    log.forget(f"user.{alice.pk}")
    out = io.StringIO()
    call_command("realtime_forget", f"--user={named.username}", stdout=out)
    assert out.getvalue() == f"user.{named.pk} is forgotten\n"


def test_a_user_may_be_named_as_their_own_key(log):
    alice = get_user_model().objects.create_user("7", pk=7)
    publish(alice, "call.state")
    call_command("realtime_forget", "--user=7", stdout=io.StringIO())
    assert len(kept(log, "user.7")) == 0


def test_the_command_says_what_it_does_not_find(log):
    with pytest.raises(CommandError, match="There is no user 'carol'"):
        call_command("realtime_forget", "--user=carol")
    with pytest.raises(CommandError, match="'carol' can't be the primary key"):
        call_command("realtime_forget", "--pk=carol")
    with pytest.raises(CommandError, match="A stream's name is"):
        call_command("realtime_forget", "--stream=no such")
    with pytest.raises(CommandError, match="required"):
        call_command("realtime_forget")


def test_the_prune_command_says_how_many_went(log, settings):
    settings.REALTIME = {**settings.REALTIME, "RETENTION": {"COUNT": 2, "AGE": 3600}}
    for _ in range(5):
        publish("call.7", "n")
    out = io.StringIO()
    call_command("realtime_prune", stdout=out)
    assert out.getvalue() == "3 events removed\n0 lives of sockets removed\n"

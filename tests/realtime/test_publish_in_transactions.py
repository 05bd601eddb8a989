"""The first table of docs/publishing.md: the states of a connection, and what ``publish`` does.

Each row runs with the database log, with a log elsewhere, with an ephemeral event, and with a
deadline in both logs.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import Error, connection, connections, transaction
from django.db.transaction import TransactionManagementError

import realtime
from realtime import position, publish
from realtime.layer.reading import events_in
from realtime.models import Event
from realtime.models.receipts import Deadline
from tests.processes.inner_pytest import pass_all

LOGS = {
    "database": "realtime.eventlog.database.DatabaseEventLog",
    "elsewhere": "realtime.eventlog.memory.MemoryEventLog",
    "ephemeral": None,
}

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])


class RolledBack(Exception):
    """Ends a transaction whose changes are not wanted."""


@contextlib.contextmanager
def rolled_back(using="default"):
    with contextlib.suppress(RolledBack), transaction.atomic(using):
        yield
        raise RolledBack


class Layer:
    """A layer at the edge: notes the names of the events that go out."""

    def __init__(self):
        self.names = []

    async def group_send(self, group, message):
        self.names += [event.name for event in events_in(message)]


@pytest.fixture
def out():
    """The names of the events that have gone out."""
    layer = Layer()
    channel_layers.set("default", layer)
    return layer.names


@pytest.fixture(params=[*LOGS, "database within", "elsewhere within"])
def kind(request, settings, monkeypatch):
    kind, *within = request.param.split()
    settings.REALTIME = {"EVENT_LOG": LOGS[kind] and {"BACKEND": LOGS[kind]}}
    if within:
        monkeypatch.setitem(globals(), "publish", partial(realtime.publish, within=300))
    yield kind
    if within and kind == "database":  # There is no event without its deadline, nor the reverse.
        events = Event.objects.filter(wants_receipt=True).values_list("event_id", flat=True)
        assert set(Deadline.objects.values_list("event_id", flat=True)) == set(events)


@pytest.fixture(scope="module", autouse=True)
def second_database(tmp_path_factory, django_db_setup, django_db_blocker):
    """A second database, in a file; all tables are in it, realtime's as well."""
    connections.settings["other"] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path_factory.mktemp("other") / "db"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=OFF"},
    }
    with django_db_blocker.unblock():
        call_command("migrate", database="other", verbosity=0)
        connections["other"].close()
    yield
    connections["other"].close()
    del connections["other"], connections.settings["other"]


@pytest.fixture
def other():
    """The alias of the second database, to which nothing is connected."""
    yield "other"
    connections["other"].close()


@pytest.fixture
def by_hand():
    """Let the test turn autocommit off."""
    yield
    transaction.rollback()
    transaction.set_autocommit(True)


class EventsIn:
    """Routes realtime's tables to one database, everything else to the default one."""

    def __init__(self, using):
        self._using = using

    def db_for_write(self, model, **hints):
        return self._using if model._meta.app_label == "realtime" else None

    db_for_read = db_for_write


def refuses(sentence):
    return pytest.raises(TransactionManagementError, match=sentence)


def is_kept(name):
    """Tell whether the log has an event, as the last one of its stream."""
    return position("user.1").offset > 0 and Event.objects.filter(name=name).exists()


def test_autocommit(kind, out):
    publish("user.1", "now")
    assert out == ["now"]


@pytest.mark.parametrize("durable", [False, True])
def test_atomic(kind, out, durable):
    with transaction.atomic(durable=durable):
        publish("user.1", "first")
        publish("user.1", "second")
        assert out == []
    assert out == ["first", "second"]


def test_atomic_that_is_rolled_back(kind, out):
    with rolled_back():
        publish("user.1", "never")
    publish("user.1", "after")
    assert out == ["after"]
    assert position("user.1").offset == (0 if kind == "ephemeral" else 1)


def test_nested_atomic_of_which_one_is_rolled_back(kind, out):
    with transaction.atomic():
        with transaction.atomic():
            publish("user.1", "inner")
        with rolled_back():
            publish("user.1", "never")
        assert out == []
    assert out == ["inner"]


def test_after_the_commit_in_a_hook_of_the_applications(kind, out):
    with transaction.atomic():
        transaction.on_commit(partial(publish, "user.1", "hook"))
    assert out == ["hook"]


def test_async_code_that_sync_code_waits_for_is_in_its_transaction(kind, out):
    apublish = async_to_sync(realtime.apublish)
    with transaction.atomic():
        apublish("user.1", "after", ephemeral=kind == "ephemeral")
        assert out == []
    with rolled_back():
        apublish("user.1", "never", ephemeral=kind == "ephemeral")
    assert out == ["after"]


def test_by_hand(kind, out, by_hand):
    transaction.set_autocommit(False)
    Group.objects.create(name="of an open transaction")
    with refuses("'default' is managed by hand"):
        publish("user.1", "never")
    with transaction.atomic(), refuses("'default' is managed by hand"):
        publish("user.1", "never")
    transaction.rollback()
    transaction.set_autocommit(True)
    publish("user.1", "first")
    assert out == ["first"]
    assert position("user.1").offset == (0 if kind == "ephemeral" else 1)


def test_autocommit_off_in_the_settings(kind, out, monkeypatch):
    """Also before the first statement, and asking opens no connection."""
    monkeypatch.setitem(connection.settings_dict, "AUTOCOMMIT", False)

    def publish_in_a_thread_without_a_connection():
        with refuses("'default' is managed by hand"):
            publish("user.1", "never")
        return connection.connection

    with ThreadPoolExecutor() as threads:
        assert threads.submit(publish_in_a_thread_without_a_connection).result() is None
    assert out == []


def test_broken(kind, out):
    with transaction.atomic():
        publish("user.1", "never")
        transaction.set_rollback(True)
        with refuses("An error has broken the transaction of the database 'default'"):
            publish("user.1", "never either")
    publish("user.1", "after")
    assert out == ["after"]


def test_broken_as_only_postgresql_knows(kind, out):
    if connection.vendor != "postgresql":
        pytest.skip("elsewhere, a statement that fails does not end the transaction")
    with transaction.atomic(), connection.cursor() as cursor:
        publish("user.1", "before the error")
        with contextlib.suppress(Error):
            cursor.execute("SELECT no_such_column")
        with refuses("An error has broken the transaction"):
            publish("user.1", "never")
    assert out == ([] if kind == "database" else ["before the error"]), "Django calls its hooks"


def test_closed_in_a_transaction(kind, out, other):
    with transaction.atomic(other):
        connections[other].close()
        with refuses("An error has broken the transaction of the database 'other'"):
            publish("user.1", "never")
    assert out == []


def test_another_database_in_atomic(kind, out, other):
    with transaction.atomic(other):
        publish("user.1", "after")
        assert out == [] and not is_kept("after")
    with rolled_back(other):
        publish("user.1", "never")
    assert out == ["after"]


def test_a_savepoint_of_another_database_is_rolled_back(kind, out, other):
    with transaction.atomic(other):
        with rolled_back(other):
            publish("user.1", "never")
        publish("user.1", "after")
    assert out == ["after"]


@pytest.mark.parametrize("outer", ["default", "other"])
def test_two_databases_in_atomic(kind, out, other, outer):
    inner = "default" if outer == "other" else "other"
    with transaction.atomic(outer):
        with transaction.atomic(inner):
            publish("user.1", "after")
        assert out == (["after"] if (kind, inner) == ("database", "default") else [])
    assert out == ["after"]


@pytest.mark.parametrize("outer", ["default", "other"])
@pytest.mark.parametrize("undone", ["default", "other"])
def test_two_databases_in_atomic_of_which_one_is_rolled_back(kind, out, other, outer, undone):
    """The database log has the event with its own database, which alone can commit it."""
    ways = {name: transaction.atomic for name in ("default", "other")} | {undone: rolled_back}
    inner = "default" if outer == "other" else "other"
    with ways[outer](outer), ways[inner](inner):
        publish("user.1", "uncertain")
    assert out == (["uncertain"] if (kind, undone) == ("database", "other") else [])


def test_the_other_database_is_managed_by_hand(kind, out, other):
    transaction.set_autocommit(False, other)
    with refuses("'other' is managed by hand"):
        publish("user.1", "never")
    connections[other].close()
    publish("user.1", "now")
    assert out == ["now"]


def test_events_in_another_database_than_the_data(settings, out, other):
    settings.REALTIME = {}
    settings.DATABASE_ROUTERS = [EventsIn(other)]
    with rolled_back():
        Group.objects.create(name="undone")
        publish("user.1", "never")
    with transaction.atomic():
        publish("user.1", "after")
        assert out == []
    with transaction.atomic(), rolled_back(other):
        publish("user.1", "goes with its own database")
    assert out == ["after"]
    assert position("user.1").offset == 1


def test_the_transaction_of_the_log_has_begun_when_the_others_are_committed(settings, out, other):
    settings.REALTIME = {}
    with contextlib.ExitStack() as later:
        with transaction.atomic(other):
            publish("user.1", "after both")
            later.enter_context(transaction.atomic())
        assert out == []
    assert out == ["after both"]


def test_a_check_names_a_log_in_another_database_and_one_without_autocommit(
    settings, monkeypatch, other
):
    def found():
        ours = {
            message.id
            for message in run_checks(databases=[])
            if (message.id or "")[:9] == "realtime."
        }
        return ours & {"realtime.E011", "realtime.W008"}

    settings.REALTIME = {}
    assert found() == set()
    settings.DATABASE_ROUTERS = [EventsIn(other)]
    assert found() == {"realtime.W008"}
    monkeypatch.setitem(connections[other].settings_dict, "AUTOCOMMIT", False)
    assert found() == {"realtime.W008", "realtime.E011"}
    settings.REALTIME = {"EVENT_LOG": None}
    assert found() == set()


@pytest.mark.processes
def test_all_of_this_on_postgresql(postgres_url):
    pass_all("-m", "not processes", __file__, DATABASE_URL=postgres_url)

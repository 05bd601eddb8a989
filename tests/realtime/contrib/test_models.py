"""What is published of a model's rows, and in which transaction."""

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractUser, Group, User
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import connection, models, transaction
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from rest_framework.serializers import CharField, ModelSerializer

from realtime.contrib.models import (
    RowStream,
    StreamedManager,
    declaration,
    row_data,
    streams_model,
)
from realtime.contrib.models.receivers import BEFORE
from realtime.streams.registry import _registered, find
from tests.processes.inner_pytest import pass_all

pytest_plugins = ["realtime.testing.fixtures"]
pytestmark = pytest.mark.django_db(transaction=True)

MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
BY_PREFIX = "realtime.eventlog.by_prefix.EventLogByPrefix"
SIGNALS = (pre_save, post_save, pre_delete, post_delete)


class Task(models.Model):
    title = models.CharField(max_length=50, default="")
    room = models.IntegerField(default=1)
    cost = models.DecimalField(max_digits=6, decimal_places=2, default=1)

    objects = StreamedManager()
    plain = models.Manager()  # noqa: DJ012

    class Meta:
        app_label = "tasks"

    def __str__(self):
        return self.title


class Step(models.Model):
    """Has a key that is no JSON."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    slug = models.CharField(max_length=50, null=True, unique=True)  # noqa: DJ001
    room = models.IntegerField(default=1)

    objects = StreamedManager()

    class Meta:
        app_label = "tasks"

    def __str__(self):
        return str(self.uuid)


@pytest.fixture(scope="module", autouse=True)
def tables(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Task)
        editor.create_model(Step)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.delete_model(Step)
        editor.delete_model(Task)


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch):
    """Forget the declarations of a test, and its rows."""
    monkeypatch.setattr(declaration, "_declared", {})
    registered = dict(_registered)
    receivers = [list(signal.receivers) for signal in SIGNALS]
    yield
    for signal, before in zip(SIGNALS, receivers, strict=True):
        signal.receivers = before
        signal.sender_receivers_cache.clear()
    _registered.clear()
    _registered.update(registered)
    Step.objects.all().delete()
    Task.plain.all().delete()


def room(task):
    return f"room.{task.room}"


@pytest.fixture
def said(published):
    """Declare the tasks' streams, and return what has been published since the last question."""
    streams_model(Task, to=room, fields=["title", "room"])

    def said():
        new = [(one.stream, one.name, one.data["pk"]) for one in published]
        published.clear()
        return new

    return said


def test_a_row_is_created_updated_and_deleted(published):
    streams_model(Task, to=room, fields=["title", "cost"])
    task = Task.objects.create(title="Sweep")
    task.title = "Mop"
    task.save()
    pk = task.pk
    task.delete()
    assert [(one.stream, one.name) for one in published] == [
        ("room.1", "task.created"),
        ("room.1", "task.updated"),
        ("room.1", "task.deleted"),
    ]
    created, updated, deleted = (one.data for one in published)
    assert created["pk"] == pk and created["row"] == {"title": "Sweep", "cost": "1.00"}
    assert updated["row"]["title"] == "Mop"
    assert deleted.keys() == {"pk", "version"}
    assert created["version"] <= updated["version"] <= deleted["version"]


def test_a_rollback_publishes_nothing(said):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        task = Task.objects.create()
        Task.objects.update(title="Mop")
        task.delete()
        raise ZeroDivisionError
    assert said() == []


def test_an_event_that_cannot_be_published_undoes_the_change():
    streams_model(Task, to=lambda task: "no stream's name", fields=["title"])
    with pytest.raises(ValueError, match="no stream's name"), transaction.atomic():
        Task.objects.create()
    with pytest.raises(ValueError, match="no stream's name"):
        Task.objects.bulk_create([Task()])
    assert not Task.plain.exists()


def test_a_row_that_moves_leaves_one_stream_and_comes_to_the_other(said):
    task = Task.objects.create()
    said()
    task.room = 2
    task.save()
    pk = task.pk
    moved = [("room.1", "task.deleted", pk), ("room.2", "task.created", pk)]
    assert said() == moved
    Task.objects.filter(pk=pk).update(room=1)
    assert said() == [("room.2", "task.deleted", pk), ("room.1", "task.created", pk)]


def test_what_the_instance_says_of_its_old_stream_does_not_count(said):
    pk = Task.objects.create(room=5).pk
    said()
    Task(pk=pk, room=6).save()
    assert said() == [("room.5", "task.deleted", pk), ("room.6", "task.created", pk)]
    task = Task(pk=pk, room=7)
    task.delete()
    assert said() == [("room.6", "task.deleted", pk)]


def test_the_event_has_the_row_as_the_database_has_it(published):
    streams_model(Task, to=room, fields=["title", "room"])
    task = Task.objects.create(title="old", room=1)
    Task.plain.filter(pk=task.pk).update(title="new")
    task.room = models.F("room") + 1
    task.save(update_fields=["room"])
    assert published[-1].data["row"] == {"title": "new", "room": 2}


def test_a_receiver_may_save_the_row_again(said):
    def tidy(instance, created, **_):
        if not created and instance.title == "Mop":
            instance.title = "Mop it"
            instance.save()

    post_save.connect(tidy, Task)
    post_save.receivers.insert(0, post_save.receivers.pop())  # Before that of the declaration.
    task = Task.objects.create()
    task.title, task.room = "Mop", 2
    task.save()
    assert said()[-2:] == [("room.1", "task.deleted", task.pk), ("room.2", "task.created", task.pk)]
    assert not getattr(task, BEFORE)


def test_fixtures_are_left_alone(said):
    Task(pk=9).save_base(raw=True)
    assert said() == []


# Many rows.


def test_bulk_create_update_and_delete(said):
    tasks = Task.objects.bulk_create([Task(title=str(n), room=n % 2) for n in range(4)])
    pks = [task.pk for task in tasks]
    assert said() == [(f"room.{n % 2}", "task.created", pk) for n, pk in enumerate(pks)]
    assert Task.objects.filter(room=0).update(title="Mop") == 2
    assert said() == [("room.0", "task.updated", pk) for pk in pks[::2]]
    tasks[0].title, tasks[1].room = "Rinse", 9
    Task.objects.bulk_update(tasks[:2], ["title", "room"])
    assert sorted(said()) == sorted(
        [
            ("room.0", "task.updated", pks[0]),
            ("room.1", "task.deleted", pks[1]),
            ("room.9", "task.created", pks[1]),
        ]
    )
    Task.objects.filter(pk__in=pks[:3]).delete()
    assert sorted(said()) == sorted(
        [
            ("room.0", "task.deleted", pks[0]),
            ("room.9", "task.deleted", pks[1]),
            ("room.0", "task.deleted", pks[2]),
        ]
    )
    Task.plain.all().delete()
    assert said() == [("room.1", "task.deleted", pks[3])]


def test_an_update_of_no_rows_publishes_nothing(said):
    assert Task.objects.filter(room=404).update(title="Mop") == 0
    with pytest.raises(FieldDoesNotExist):
        Task.objects.update(nothing=1)
    assert said() == []


def test_rows_that_may_have_been_there_are_not_published(said):
    Task.objects.bulk_create([Task(pk=1)])
    said()
    Task.objects.bulk_create([Task(pk=1), Task(pk=2)], ignore_conflicts=True)
    Task.objects.bulk_create([Task(pk=3)], None, True)
    assert said() == []


def test_rows_that_were_there_are_changed_under_their_own_keys(published):
    """The instances of the second call have keys of their own, which no row gets."""
    streams_model(Step, to=lambda step: f"room.{step.room}", fields=["slug"])
    (old,) = Step.objects.bulk_create([Step(slug="a")])
    published.clear()
    options = {"unique_fields": ["slug"], "update_fields": ["room"], "update_conflicts": True}
    Step.objects.bulk_create([Step(slug="a", room=2), Step(slug="b"), Step()], **options)
    Step.objects.bulk_create([Step(slug="a", room=2)], **options)
    said = [(one.stream, one.name, one.data["pk"]) for one in published]
    assert [name for _, name, pk in said if pk != str(old.pk)] == ["step.created"] * 2
    assert [(stream, name) for stream, name, pk in said if pk == str(old.pk)] == [
        ("room.1", "step.deleted"),
        ("room.2", "step.created"),
        ("room.2", "step.updated"),
    ]


def test_what_goes_with_another_row_is_seen(published):
    alice = User.objects.create(username="alice")
    streams_model(LogEntry, to="entries.1".format, fields=["user", "action_time"])
    entry = LogEntry.objects.create(user=alice, action_flag=1)
    assert published[-1].data["row"]["user"] == alice.pk
    alice.delete()
    assert (published[-1].name, published[-1].data["pk"]) == ("logentry.deleted", entry.pk)


def test_a_key_of_any_kind(published):
    streams_model(Step, to="steps.1".format, fields=["uuid"])
    step = Step.objects.create()
    assert published[0].data["pk"] == published[0].data["row"]["uuid"] == str(step.pk)


def test_the_queries_of_changes(said, django_assert_num_queries):
    """The log is in memory here. BEGIN and COMMIT count."""
    with django_assert_num_queries(2):  # INSERT, and the row as it is now.
        task = Task.objects.create()
    with django_assert_num_queries(3):  # The row before and after.
        task.save()
    Task.objects.bulk_create([Task() for _ in range(50)])
    with django_assert_num_queries(5):  # The rows before and after.
        Task.objects.update(title="Mop")
    with django_assert_num_queries(6):  # The rows, and the time.
        Task.objects.all().delete()
    assert len(said()) == 52 + 51 + 51


@pytest.mark.skipif(connection.vendor != "postgresql", reason="see the last test of this file")
@pytest.mark.parametrize(
    "later",
    [
        transaction.atomic(lambda pk: Task.objects.get(pk=pk).save()),
        lambda pk: Task.objects.filter(pk=pk).update(title="late"),
        lambda pk: Task.objects.filter(pk=pk).delete(),
        lambda pk: Task(pk=pk).delete(),
    ],
    ids=["save", "update", "delete rows", "delete a row"],
)
def test_of_two_changes_the_later_one_has_the_higher_version(published, later):
    """It is asked for first, and waits for the lock of the other, which moves the row."""
    streams_model(Task, to=room, fields=["title"])
    task = Task.objects.create()
    published.clear()

    def change_later():
        later(task.pk)
        connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            Task.plain.select_for_update().get(pk=task.pk)
            other = pool.submit(change_later)
            while not cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                assert not other.done()
            task.room = 2
            task.save()
        other.result(10)
    # Which of the two threads hands its events over first is not said.
    left, came, second, *_ = sorted(published, key=lambda one: one.data["version"])
    assert (left.stream, came.stream, second.stream) == ("room.1", "room.2", "room.2")
    assert left.data["version"] == came.data["version"] < second.data["version"]


# What a declaration says.


def test_a_serializer_is_a_function_or_a_class_of_django_rest_framework(published):
    class Serializer(ModelSerializer):
        called = CharField(source="title")

        class Meta:
            model = Task
            fields = ["called", "cost"]

    streams_model(Task, to=room, serializer=Serializer)
    streams_model(Step, to=room, serializer=lambda row: {"called": "step"})
    task = Task.objects.create(title="Mop")
    row = {"called": "Mop", "cost": "1.00"}
    assert published[0].data["row"] == row
    assert row_data(Task.objects.all()) == [{"pk": task.pk, "row": row}]
    assert row_data([Step()])[0]["row"] == {"called": "step"}


def test_the_streams_of_a_row_may_be_in_several_logs(published, settings):
    logs = {"BACKEND": BY_PREFIX, "OPTIONS": {"logs": {"": MEMORY, "task.": MEMORY}}}
    settings.REALTIME = {**settings.REALTIME, "EVENT_LOG": logs}
    streams_model(Task, to=lambda task: [f"room.{task.room}", f"task.{task.pk}"], fields=["title"])
    pks = [Task.objects.create().pk for _ in "12"]
    Task.objects.filter(pk__in=pks).delete()
    expected = {
        (stream, f"task.{what}", pk)
        for pk in pks
        for what in ("created", "deleted")
        for stream in ("room.1", f"task.{pk}")
    }
    assert {(one.stream, one.name, one.data["pk"]) for one in published} == expected
    assert len(published) == len(expected)


def test_a_row_may_be_in_many_streams_and_in_none(published):
    streams_model(Task, to=lambda task: ["room.1", "room.2"] * task.room, fields=["title"])
    task = Task.objects.create(room=0)
    assert not published
    task.room = 1
    task.save()
    assert [(one.stream, one.name) for one in published] == [
        ("room.1", "task.created"),
        ("room.2", "task.created"),
    ]


@pytest.fixture
def row_template(settings):
    loaders = [("django.template.loaders.locmem.Loader", {"t.html": "<li>{{ task.title }}</li>"})]
    backend = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": backend, "OPTIONS": {"loaders": loaders}}]


@pytest.mark.usefixtures("row_template")
def test_a_template(published):
    streams_model(Task, to=room, template="t.html", target="tasks")
    task = Task.objects.create(title="Mop")
    task.save()
    Task.objects.update(room=2)
    element = f"task-{task.pk}"
    html = "<li>Mop</li>"
    versions = [one.data.pop("version") for one in published]
    assert versions == sorted(versions) and versions[0] < versions[-1]
    assert [(one.stream, one.name, one.data) for one in published] == [
        ("room.1", "html", {"action": "append", "target": "tasks", "html": html, "row": element}),
        ("room.1", "html", {"action": "replace", "target": element, "html": html, "row": element}),
        ("room.1", "html", {"action": "remove", "target": element, "row": element}),
        ("room.2", "html", {"action": "append", "target": "tasks", "html": html, "row": element}),
    ]
    with pytest.raises(ValueError, match="as JSON"):
        row_data([task])


def test_a_template_needs_the_other_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "realtime.contrib.html", None)
    with pytest.raises(ImproperlyConfigured, match=r"needs realtime\.contrib\.html"):
        streams_model(Task, to=room, template="t.html", target="tasks")
    streams_model(Task, to=room, fields=["title"])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "Give one of fields, serializer and template"),
        ({"fields": ["title"], "serializer": str}, "Give one of"),
        ({"template": "t.html"}, "A template needs a target"),
        ({"fields": ["title"], "target": "tasks"}, "needs a target, and nothing else"),
        ({"fields": ["colour"]}, "Task has no field named 'colour'"),
        ({"fields": "title"}, "fields is a list of names"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(given, error):
    with pytest.raises((ValueError, TypeError, FieldDoesNotExist), match=error):
        streams_model(Task, to=room, **given)


def test_a_field_without_a_column_is_refused():
    with pytest.raises(ValueError, match="permissions is no column of Group"):
        streams_model(Group, to=room, fields=["permissions"])
    with pytest.raises(ValueError, match="user is no column of Group"):
        streams_model(Group, to=room, fields=["user"])


def test_a_key_of_several_columns_is_refused():
    class Seat(models.Model):
        pk = models.CompositePrimaryKey("row", "number")
        row = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            app_label = "tasks"

        def __str__(self):
            return f"{self.row}/{self.number}"

    with pytest.raises(ValueError, match="The key of Seat has several columns"):
        streams_model(Seat, to="seats.1".format, fields=["row"])


def test_a_model_without_rows_is_refused():
    with pytest.raises(ValueError, match="AbstractUser is abstract"):
        streams_model(AbstractUser, to="users.1".format, fields=["username"])


def test_a_model_is_declared_once(said):
    with pytest.raises(ValueError, match="Task are declared already"):
        streams_model(Task, to=room, fields=["title"])


# Rights by row.


@pytest.fixture
def rows(published):
    @streams_model(Task, to=room, fields=["title"], name="job")
    class Jobs(RowStream):
        def authorize_row(self, user, row):
            return row.title == user.name

    return published


@pytest.mark.usefixtures("rows")
def test_who_may_follow_a_row_is_asked_with_the_row():
    alice, bob = SimpleNamespace(name="alice"), SimpleNamespace(name="bob")
    task = Task.plain.create(title="alice")
    stream = find(f"job.{task.pk}")
    assert stream.authorize(alice) and not stream.authorize(bob)
    for key in ("404", "x", "", "9" * 30):
        assert not find(f"job.{key}").authorize(alice)


def test_a_rows_own_stream_has_its_events(rows):
    task = Task.objects.create(title="Mop")
    pk = task.pk
    Task.objects.update(room=2)
    task.delete()
    assert [one.name for one in rows if one.stream == f"job.{pk}"] == [
        "job.created",
        "job.updated",
        "job.deleted",
    ]


@pytest.mark.processes
def test_all_of_this_on_postgresql(postgres_url):
    pass_all("-m", "not processes", "--no-migrations", __file__, DATABASE_URL=postgres_url)

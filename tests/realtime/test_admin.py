"""The pages of Django's admin: who may look, what is found, and what may be done."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from realtime import publish
from realtime.models import Event, StreamHead
from realtime.models.recorder import RecordedProcess, RecordedSocket

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("streamhead", "event", "recordedsocket")


def changelist(page):
    return reverse(f"admin:realtime_{page}_changelist")


def shown(client, page, **query):
    """Return the text of each row on a page."""
    response = client.get(changelist(page), query)
    assert response.status_code == 200
    rows = re.findall(r"<tr>(?!.*<th scope=\"col\").*?</tr>", response.content.decode(), re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows if "<th" in row]


@pytest.fixture(autouse=True)
def log(settings):
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"}}


@pytest.fixture
def alice(django_user_model):
    return django_user_model.objects.create_user("alice")


@pytest.fixture
def staff(client, django_user_model):
    """Log in somebody who may look at everything here."""
    user = django_user_model.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[f"view_{page}" for page in PAGES])
    )
    client.force_login(user)
    client.user = user
    return client


def grant(client, codename):
    client.user.user_permissions.add(Permission.objects.get(codename=codename))


NOW = 1795366608670


def recorded(user, **about):
    now = timezone.now()
    RecordedProcess.objects.get_or_create(
        id="p1",
        defaults={
            **{"host": "web", "pid": 7, "server": "", "started_at": NOW},
            "lease_until": now + timedelta(minutes=1),
        },
    )
    about = {"process": "p1", "opened_at": NOW, "user": f"user.{user.pk}", **about}
    return RecordedSocket.objects.create(**about)


@pytest.mark.parametrize("page", PAGES)
def test_who_has_no_permission_sees_nothing(page, client, django_user_model):
    client.force_login(django_user_model.objects.create_user("other", is_staff=True))
    assert client.get(changelist(page)).status_code == 403


def test_streams_are_found_by_the_beginning_of_their_names_and_by_users(staff, alice):
    publish([alice, "room.7", "room.8"], "note", 1)
    publish("room.7", "note", 2)
    [room] = shown(staff, "streamhead", q="room.7")
    assert room.startswith("room.7 2 (")
    assert "1 to 2" in room
    assert len(shown(staff, "streamhead", q="room")) == 2
    [own] = shown(staff, "streamhead", q="alice")
    assert own.startswith(f"user.{alice.pk} 1 (")


@pytest.mark.parametrize("search", ["event_id", "key", "stream", "user"])
def test_an_event_is_found(search, staff, alice):
    publish(alice, "note", {"text": "hello"}, key="the key")
    publish("room.7", "other")
    event = Event.objects.get(name="note")
    q = "alice" if search == "user" else getattr(event, search)
    [row] = shown(staff, "event", q=q)
    at = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
    assert re.match(rf"{at} note user\.{alice.pk} 1 the key", row)
    assert row.endswith(event.event_id)
    page = staff.get(reverse("admin:realtime_event_change", args=[event.pk])).content.decode()
    assert "hello" in page
    assert "<pre>" in page
    assert 'name="_save"' not in page


def test_sockets_are_the_open_ones_unless_others_are_asked_for(staff, alice):
    recorded(alice, id="open")
    recorded(alice, id="ended", ended_at=NOW, code=4408, ended_by="server")
    about = {"host": "web", "pid": 8, "server": "", "started_at": NOW}
    RecordedProcess.objects.create(id="p2", lease_until=timezone.now(), **about)
    recorded(alice, id="lost", process="p2")
    [row] = shown(staff, "recordedsocket")
    assert row.startswith(f"open alice (user.{alice.pk}) web/7")
    assert "no answer" in row
    ended = shown(staff, "recordedsocket", state="ended", q="alice")
    assert {row.split()[0] for row in ended} == {"ended", "lost"}
    assert any("4408 by server" in row for row in ended)
    assert len(shown(staff, "recordedsocket", state="all", q=f"user.{alice.pk}")) == 3


def test_only_who_may_delete_a_stream_may_erase_it(staff, alice):
    publish("room.7", "note")
    action = {"action": "forget", "_selected_action": "room.7"}
    staff.post(changelist("streamhead"), action)
    assert Event.objects.exists()
    grant(staff, "delete_streamhead")
    answer = staff.post(changelist("streamhead"), action, follow=True)
    assert "1 streams are erased" in answer.content.decode()
    assert not Event.objects.exists()
    assert StreamHead.objects.get(name="room.7").top == 0


def test_only_who_may_delete_a_socket_may_disconnect_it(staff, alice, monkeypatch):
    recorded(alice, id="open")
    asked = []
    monkeypatch.setattr("realtime.admin.sockets.disconnect", lambda socket: asked.append(socket))
    action = {"action": "disconnect", "_selected_action": "open"}
    staff.post(changelist("recordedsocket"), action)
    assert asked == []
    grant(staff, "delete_recordedsocket")
    staff.post(changelist("recordedsocket"), action)
    assert asked == ["open"]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_added_changed_or_deleted(page, admin_client):
    assert admin_client.get(reverse(f"admin:realtime_{page}_add")).status_code == 403
    assert "delete_selected" not in admin_client.get(changelist(page)).content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_however_many_rows_there_are(page, staff, alice, monkeypatch):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            shown(staff, page)
        return len(captured)

    publish([f"room.{n}" for n in range(3)], "note")
    recorded(alice, id="s")
    queries()
    few = queries()
    publish([f"room.{n}" for n in range(30)], "note")
    for n in range(30):
        recorded(alice, id=f"s{n}")
    assert queries() == few
    monkeypatch.setattr("realtime.admin.base.MAX_COUNTED", 5)
    assert shown(staff, page)


def test_a_log_that_is_elsewhere_is_said(staff, settings):
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}
    page = staff.get(changelist("streamhead")).content.decode()
    assert "Events are not in the database here: it is MemoryEventLog." in page
    logs = {"logs": {"": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}}
    by_prefix = "realtime.eventlog.by_prefix.EventLogByPrefix"
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": by_prefix, "OPTIONS": logs}}
    page = staff.get(changelist("streamhead")).content.decode()
    assert "Not all events are in the database here: it is EventLogByPrefix." in page


def test_a_stream_and_a_socket_have_pages_of_their_own(staff, alice):
    publish("room.7", "note")
    head = StreamHead.objects.get(name="room.7")
    page = staff.get(reverse("admin:realtime_streamhead_change", args=[head.pk])).content.decode()
    assert f"1 ({head.epoch})" in page
    recorded(alice, id="ended", ended_at=NOW, code=4408, ended_by="server")
    page = staff.get(reverse("admin:realtime_recordedsocket_change", args=["ended"]))
    shown = page.content.decode()
    assert f"alice (user.{alice.pk})" in shown
    assert "4408 by server" in shown
    assert str(NOW) not in shown

"""Streams whose rights are groups, permissions and flags, and one by which a test changes these."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import path

import project.asgi
import realtime
from realtime.consumers import RealtimeConsumer
from realtime.streams import Stream, register


def group(name: str) -> Any:
    return apps.get_model("auth", "Group").objects.get_or_create(name=name)[0]


@register("group")
class GroupStream(Stream):
    """For the users in a group."""

    reauthorize_every = 1.0

    def authorize(self, user: Any) -> bool:
        found: bool = user.groups.filter(name=self.key).exists()
        return found


@register("permission")
class PermissionStream(Stream):
    """For the users with a permission, such as ``permission.auth.add_group``."""

    def authorize(self, user: Any) -> bool:
        allowed: bool = user.has_perm(self.key)
        return allowed


@register("staff")
class StaffStream(Stream):
    def authorize(self, user: Any) -> bool:
        staff: bool = user.is_staff
        return staff


@register("guarded")
class GuardedStream(Stream):
    """For those who are in a group of its name; nothing but ``reauthorize`` has it asked again."""

    reauthorize_every = None

    def authorize(self, user: Any) -> bool:
        found: bool = user.groups.filter(name=self.key).exists()
        return found


@register("office")
class OfficeStream(Stream):
    """Does what its messages say, in the process of the socket."""

    def authorize(self, user: Any) -> bool:
        return True

    def receive(self, user: Any, name: str, data: Any) -> None:
        getattr(self, name)(get_user_model().objects.get(username="bob"), data)

    def prepare(self, bob: Any, data: Any) -> None:
        """Put bob into all that there is."""
        permissions = apps.get_model("auth", "Permission").objects
        group("managers").permissions.add(permissions.get(codename="add_group"))
        bob.groups.add(*map(group, ("agents", "guards", "managers")))
        bob.is_staff = True
        bob.save()

    def leave(self, bob: Any, data: Any) -> None:
        bob.groups.remove(group(data))

    def join(self, bob: Any, data: Any) -> None:
        bob.groups.add(group(data))

    def take_permission(self, bob: Any, data: Any) -> None:
        group("managers").permissions.clear()

    def demote(self, bob: Any, data: Any) -> None:
        bob.is_staff = False
        bob.save()

    def leave_by_sql(self, bob: Any, data: Any) -> None:
        delete = "DELETE FROM auth_user_groups WHERE user_id = %s AND group_id = %s"
        with connection.cursor() as cursor:
            cursor.execute(delete, [bob.pk, group(data).pk])

    def reauthorize(self, bob: Any, data: Any) -> None:
        realtime.reauthorize(bob, data)

    def publish(self, bob: Any, data: Any) -> None:
        realtime.publish(data, "news")


application = ProtocolTypeRouter(
    {
        "http": project.asgi.django_application,
        "websocket": URLRouter([path("realtime/", RealtimeConsumer.as_asgi())]),
    }
)

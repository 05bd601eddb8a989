"""What test_async_database serves: a stream whose methods are async and use the async ORM."""

from typing import Any

from django.apps import apps

import realtime
from project.asgi import application
from realtime.streams import Stream, register

__all__ = ["application"]


def groups() -> Any:
    return apps.get_model("auth.Group").objects


@register("async")
class AsyncStream(Stream):
    async def authorize(self, user: Any) -> bool:
        await groups().acount()
        return True

    async def snapshot(self, user: Any) -> Any:
        return await groups().acount()

    async def receive(self, user: Any, name: str, data: Any) -> Any:
        group = await groups().acreate(name=data)
        await realtime.apublish(self.name, "added", group.name)
        return group.name

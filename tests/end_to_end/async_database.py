"""What test_async_database serves: a stream whose methods are async and use the async ORM."""

from typing import Any

import realtime
from project.asgi import application
from realtime.streams import Stream, register

from django.contrib.auth.models import Group  # noqa: E402, I001  The apps have to be loaded.

__all__ = ["application"]


@register("async")
class AsyncStream(Stream):
    async def authorize(self, user: Any) -> bool:
        await Group.objects.acount()
        return True

    async def snapshot(self, user: Any) -> Any:
        return await Group.objects.acount()

    async def receive(self, user: Any, name: str, data: Any) -> Any:
        group = await Group.objects.acreate(name=data)
        await realtime.apublish(self.name, "added", group.name)
        return group.name

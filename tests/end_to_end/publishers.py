"""A program: publish from where its argument says, COUNT events whose names are numbers."""

import sys

if sys.argv[1] == "greenlets":
    from gevent import monkey

    monkey.patch_all()

import asyncio
import os
import threading

import django
from asgiref.sync import async_to_sync

django.setup()

from django.db import close_old_connections, transaction  # noqa: E402

from realtime import apublish, publish  # noqa: E402

STREAM = os.environ["STREAM"]
COUNT = 40


def publish_one(number: int) -> None:
    """Publish in a transaction or in none, as a view or a worker would."""
    if number % 2:
        publish(STREAM, str(number))
    else:
        with transaction.atomic():
            publish(STREAM, str(number))
    close_old_connections()


def threads() -> None:
    started = [threading.Thread(target=publish_one, args=[number]) for number in range(COUNT)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


greenlets = threads
"""gevent has put greenlets in their place."""


def forks() -> None:
    """Fork after a first publish, whose connections no child may use."""
    publish_one(0)
    for number in range(1, COUNT):
        if not os.fork():
            publish_one(number)
            os._exit(0)
    assert all(os.wait()[1] == 0 for _ in range(1, COUNT))


def loop_in_another_thread() -> None:
    """Publish in an event loop, while another thread publishes too."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    sending = [
        asyncio.run_coroutine_threadsafe(apublish(STREAM, str(number)), loop)
        for number in range(COUNT // 2)
    ]
    for number in range(COUNT // 2, COUNT):
        publish_one(number)
    for one in sending:
        one.result(60)


def under_async_to_sync() -> None:
    async def publish_some() -> None:
        await asyncio.gather(*(apublish(STREAM, str(number)) for number in range(COUNT)))

    with transaction.atomic():
        async_to_sync(publish_some)()


def django_tasks() -> None:
    from django.tasks import task

    one = task(publish_one)
    for number in range(COUNT):
        one.enqueue(number)


if __name__ == "__main__":
    globals()[sys.argv[1]]()

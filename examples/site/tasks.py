"""Stands in for Celery, so that the examples need no broker: tasks run in threads.

With Celery, import its own ``shared_task`` instead. The rest of an example stays as it is.
"""

from collections.abc import Callable
from threading import Thread
from typing import Any

from django.db import connections, transaction


def shared_task(function: Callable[..., None]) -> Any:
    def delay_on_commit(*args: Any) -> None:
        transaction.on_commit(Thread(target=run, args=args, daemon=True).start)

    def run(*args: Any) -> None:
        try:
            function(*args)
        finally:
            connections.close_all()

    function.delay_on_commit = delay_on_commit
    return function

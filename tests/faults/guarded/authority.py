"""A program: take rights away and give them back, and ask who is there, as its input says.

A line is a command and its arguments. The answer is a line of JSON: when it began, when it was
done, both in seconds of the wall clock, and what came of it; or the error's class.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import close_old_connections, connection  # noqa: E402

import realtime  # noqa: E402
from realtime.roster import presence_backend  # noqa: E402
from tests.faults.population import sign_in  # noqa: E402


def user(pk: str) -> Any:
    return get_user_model().objects.get(pk=pk)


def group(stream: str) -> Group:
    return Group.objects.get(name=stream)


def execute(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def withdraw(pk: str, stream: str) -> None:
    user(pk).groups.remove(group(stream))


def withdraw_by_sql(pk: str, stream: str) -> None:
    delete = "DELETE FROM auth_user_groups WHERE user_id = %s AND group_id = %s"
    execute(delete, int(pk), group(stream).pk)


def withdraw_and_say(pk: str, stream: str) -> None:
    withdraw_by_sql(pk, stream)
    realtime.reauthorize(user(pk), stream)


def grant(pk: str, stream: str) -> None:
    user(pk).groups.add(group(stream))


def deactivate_by_sql(pk: str) -> None:
    execute("UPDATE auth_user SET is_active = false WHERE id = %s", int(pk))


def activate(pk: str) -> None:
    execute("UPDATE auth_user SET is_active = true WHERE id = %s", int(pk))


def disconnect(pk: str) -> None:
    realtime.disconnect(user(pk), reason="Closing time.")


def disconnect_for_now(pk: str) -> None:
    realtime.disconnect(user(pk), retry=True)


def sign_in_again(pk: str) -> str:
    return sign_in(user(pk))


def present(streams: str, pks: str) -> dict[str, dict[str, list[str]]]:
    """Return the ids of the sockets that are there: of each user, and of each user in a stream."""
    backend = presence_backend()
    assert backend is not None
    found = {
        name: {one.user: list(one.sockets) for one in those}
        for name, those in realtime.presence(streams.split(",")).items()
    }
    online = {
        pk: [one.socket for one in sockets]
        for pk, sockets in backend.sockets_of(pks.split(",")).items()
        if sockets
    }
    return {**found, "": online}


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        *(withdraw, withdraw_by_sql, withdraw_and_say, grant),
        *(deactivate_by_sql, activate, disconnect, disconnect_for_now, sign_in_again, present),
    )
}


def do(line: str) -> str:
    command, *arguments = line.split()
    began = time.time()
    try:
        value = COMMANDS[command](*arguments)
    except Exception as error:
        return json.dumps(type(error).__name__)
    finally:
        close_old_connections()
    return json.dumps({"began": began, "done": time.time(), "value": value})


def main() -> None:
    print(connection.vendor, flush=True)
    for line in sys.stdin:
        print(do(line), flush=True)


if __name__ == "__main__":
    main()

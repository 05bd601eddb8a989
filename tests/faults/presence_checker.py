"""Compares who is there, as the servers, the signals and the clients say, with the open sockets.

Pure: it takes what each of them says, and returns the problems, a sentence each.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Sockets = Mapping[str, Mapping[str, Collection[str]]]
"""The ids of the sockets by stream and user; "" stands for all sockets of a user."""


def check_sockets(present: Sockets, opened: Sockets) -> Iterator[str]:
    """Compare what `presence` says with the sockets that are open."""
    for stream in sorted({*present, *opened}):
        here, there = present.get(stream, {}), opened.get(stream, {})
        for user in sorted({*here, *there}):
            said, real = {*here.get(user, ())}, {*there.get(user, ())}
            if said != real or (user in here and not said):
                yield f"{stream or 'online'}: user {user} has {sorted(real)}, not {sorted(said)}"


def check_list(stream: str, members: Collection[str], opened: Sockets) -> Iterator[str]:
    """Compare a client's list of a stream with the users who follow it."""
    there = {user for user, sockets in opened.get(stream, {}).items() if sockets}
    for user in sorted({*members} - there):
        yield f"{stream}: a client's list has user {user}, who is gone"
    for user in sorted(there - {*members}):
        yield f"{stream}: a client's list lacks user {user}"


def check_signals(signals: Iterable[tuple[str, str]], online: Collection[str]) -> Iterator[str]:
    """Find a user whose signals don't alternate, or don't end in what is so."""
    by_user: dict[str, list[str]] = {user: [] for user in online}
    for what, user in signals:
        by_user.setdefault(user, []).append(what)
    for user, found in by_user.items():
        if found != _alternating(len(found)):
            yield f"user {user}: signals don't alternate: {found}"
        elif (len(found) % 2 == 1) != (user in online):
            yield f"user {user} is {'on' if user in online else 'off'}line, not {found[-1:]}"


def _alternating(number: int) -> Sequence[str]:
    return ["online" if count % 2 == 0 else "offline" for count in range(number)]

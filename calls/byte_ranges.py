"""The part of a file that a browser asks for: a pure rule of HTTP.

Safari plays no sound of a server that doesn't know them
(https://developer.mozilla.org/docs/Web/HTTP/Guides/Range_requests).
"""

import re

ONE_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


class Unsatisfiable(Exception):
    """The file has no such bytes."""


def wanted_bytes(header: str, size: int) -> range | None:
    """Return the bytes that a header ``Range`` asks for, of a file of ``size`` bytes.

    None is the whole file, also for what isn't one range of bytes, as RFC 9110 allows. Raises
    ``Unsatisfiable``.
    """
    found = ONE_RANGE.fullmatch(header.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:  # The last so many bytes.
        wanted = range(max(size - int(last), 0), size)
    else:
        wanted = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None
    if not wanted:
        raise Unsatisfiable
    return wanted

"""Reads the publishers' input: a stream and an event's data on each line."""

import json
import sys
from collections.abc import Iterator
from typing import Any


def events() -> Iterator[tuple[str, Any]]:
    """Yield the stream and the data of each line."""
    for line in sys.stdin:
        stream, _, data = line.partition("\t")
        yield stream, json.loads(data)

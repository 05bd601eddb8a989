"""What the publishers have in common: a stream and its event's data on each line of the input."""

import json
import sys
from collections.abc import Iterator
from typing import Any


def events() -> Iterator[tuple[str, Any]]:
    """Yield the stream and the data of each line."""
    for line in sys.stdin:
        stream, _, data = line.partition("\t")
        yield stream, json.loads(data)

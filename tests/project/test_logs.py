"""The demo's log: entries can't be forged, and refusals don't fill it."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from realtime.logs import LINES_A_MINUTE


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the demo's handler writes, made of its settings."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    made: dict[str, Any] = settings.LOGGING
    plain = made["formatters"]["plain"]
    handler.setFormatter(import_string(plain["()"])(plain["format"]))
    for name in made["handlers"]["console"]["filters"]:
        handler.addFilter(import_string(made["filters"][name]["()"])())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_an_entry_begins_one_line(written: io.StringIO) -> None:
    forged = "x\n2026-11-22 INFO calls.models call changed"
    logging.getLogger("another").warning("said %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        logging.getLogger("another").exception("failed")
    entries = [line for line in written.getvalue().splitlines() if not line.startswith("    ")]
    assert [line.split(" ", 2)[2] for line in entries] == [
        "WARNING another said x",
        "ERROR another failed",
    ]


def test_refused_requests_do_not_fill_it(written: io.StringIO, db: None) -> None:
    for number in range(LINES_A_MINUTE + 40):
        Client().get(f"/nothing/{number}/")
        Client().get("/login/", HTTP_HOST="evil.example")
    logging.getLogger("another").info("goes on")
    lines = written.getvalue().splitlines()
    assert len([line for line in lines if "django.request" in line]) == LINES_A_MINUTE
    assert lines[-1].endswith("goes on")

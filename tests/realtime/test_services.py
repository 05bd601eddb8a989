"""The example of docs/services.md, as it stands there, with clients that follow its streams."""

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model

import realtime
from realtime.consumers import RealtimeConsumer
from realtime.eventlog.retention import retention_of
from realtime.streams import registry
from realtime.testing import RealtimeCommunicator, RealtimeError

DOCUMENT = Path(__file__).parents[2] / "docs/services.md"
application = RealtimeConsumer.as_asgi()
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def example(monkeypatch):
    """Run the example; returns its names."""
    registered = dict(registry._registered)
    monkeypatch.setattr("realtime.streams.registry._registered", registered)
    monkeypatch.setattr("realtime.eventlog.retention._own", {})
    [code] = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.S | re.M)
    names = {}
    exec(code, names)
    return names


def reader(pk=1):
    user = get_user_model()(pk=pk, username=f"reader{pk}")
    return RealtimeCommunicator(application, user=user, timeout=5)


async def test_a_page_gives_its_fields_and_gets_what_is_for_it():
    async with reader() as socket:
        extra = {"language": "en", "tab": 3}
        await socket.subscribe("book.1", extra=extra, timeout=5)
        for data in ({"language": "de"}, {"language": "en"}, {"page": 7}):
            await realtime.apublish("book.1", "n", data)
        events = [await socket.event(timeout=5) for _ in range(2)]
        assert [event["data"] for event in events] == [{"language": "en"}, {"page": 7}]
        assert [event["offset"] for event in events] == [2, 3]
        assert [event["extra"] for event in events] == [extra, extra]
        assert (await socket.frame("skipped"))["offset"] == 1


async def test_fields_are_no_right_and_hooks_count_readers(example):
    book = example["BOOKS"]["1"]
    async with reader() as socket:
        with pytest.raises(RealtimeError, match="forbidden"):
            await socket.subscribe("book.1", extra={"language": "fr"}, timeout=5)
        assert book["readers"] == 0
        await socket.subscribe("book.1", extra={"language": "de"}, timeout=5)
        await socket.send("book.1", "note", {"page": 1}, timeout=5)
        assert book["readers"] == 1
        await socket.no_event("note", timeout=5)
    assert book["readers"] == 0
    book["readers"] = 1000
    async with reader() as socket:
        with pytest.raises(RealtimeError, match="refused: Too many people read this book"):
            await socket.subscribe("book.1", extra={"language": "de"}, timeout=5)


async def test_a_note_goes_to_the_other_readers():
    async with reader(1) as writer, reader(2) as other:
        for socket in (writer, other):
            await socket.subscribe("book.1", extra={"language": "en"}, timeout=5)
        await writer.send("book.1", "note", {"page": 1}, timeout=5)
        assert (await other.event("note", timeout=5))["data"] == {"page": 1}
        await writer.no_event("note", timeout=5)


async def test_a_price_is_the_newest_of_its_versions():
    for version in (1, 2):
        await realtime.apublish("price.1", "n", {"version": version})
    async with reader() as socket:
        await socket.subscribe("price.1", timeout=5)
        assert (await socket.event(timeout=5))["data"] == {"version": 2}
        for version in (4, 3, 5):
            await realtime.apublish("price.1", "n", {"version": version})
        seen = (await socket.event(timeout=5))["data"]["version"]
        while seen != 5:
            assert seen == 4, "3 is older"
            seen = (await socket.event(timeout=5))["data"]["version"]


def test_what_is_kept():
    assert retention_of("book.1") == (100, 604800)
    assert retention_of("price.1") == (1, 604800)

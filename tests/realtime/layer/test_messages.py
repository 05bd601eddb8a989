"""Messages of the channel layer: what is written is read again, and nothing else is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.eventlog import Draft, LoggedEvent
from realtime.layer.groups import every_hub, group_name
from realtime.layer.messages import (
    BATCH_TYPE,
    EphemeralEvent,
    ephemeral_messages,
    ids,
    is_logged,
    logged_messages,
    plain_message,
)
from realtime.layer.reading import events_in

STREAMS = st.from_regex(r"[A-Za-z0-9_.-]{1,80}", fullmatch=True)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
few = settings(max_examples=30)
CHARACTERS = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
PRINTABLE = st.text(CHARACTERS, min_size=1, max_size=200)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
DRAFTS = st.builds(
    Draft,
    id=PRINTABLE,
    name=PRINTABLE,
    data=JSON.map(json.dumps),
    at=st.integers(min_value=1, max_value=2**53),
    exclude=st.sampled_from([None, "e92f8876f50e", "any text"]),
    origin=st.none() | PRINTABLE,
    traceparent=st.none() | PRINTABLE,
    wants_receipt=st.booleans(),
)


def read(outgoing):
    return [event for _, message in outgoing for event in events_in(message)]


def over_the_wire(outgoing):
    """Return the messages as a layer hands them over that keeps no Python objects."""
    return [(group, json.loads(json.dumps(message))) for group, message in outgoing]


@few
@given(st.lists(STREAMS, max_size=30, unique=True), DRAFTS, st.integers(1, 2**63 - 1))
def test_logged_events_are_read_as_they_were_written(streams, draft, offset):
    events = [LoggedEvent.of(draft, stream, "epoch", offset) for stream in streams]
    assert read(over_the_wire(logged_messages(events))) == events


@few
@given(st.lists(STREAMS, max_size=30, unique=True), DRAFTS)
def test_ephemeral_events_are_read_as_they_were_written(streams, draft):
    events = read(over_the_wire(ephemeral_messages(streams, draft)))
    assert [event.stream for event in events] == streams
    for event in events:
        assert_is(event, draft)
        assert event.exclude == draft.exclude
        assert event.origin == draft.origin
        assert event.wants_receipt == draft.wants_receipt


@few
@given(STREAMS, DRAFTS)
def test_a_plain_message_is_read_as_the_event_that_it_means(stream, draft):
    [event] = events_in(plain_message(stream, draft))
    assert event.stream == stream
    assert event.origin == draft.origin
    assert_is(event, draft)


def assert_is(event, draft):
    assert isinstance(event, EphemeralEvent)
    assert (event.id, event.name) == (draft.id, draft.name)
    trace = {} if draft.traceparent is None else {"traceparent": draft.traceparent}
    assert json.loads(event.frame) == {
        "type": "event",
        "stream": event.stream,
        "id": draft.id,
        "name": draft.name,
        "data": json.loads(draft.data),
        "at": draft.at,
        **trace,
    }


def test_few_events_go_each_to_the_group_of_its_stream():
    streams = [f"user.{number}" for number in range(3)]
    outgoing = ephemeral_messages(streams, Draft("i", "n", "1", 1))
    assert [group for group, _ in outgoing] == [group_name(stream) for stream in streams]


def test_many_small_events_go_to_every_hub_in_batches():
    outgoing = ephemeral_messages([f"user.{n}" for n in range(101)], Draft("i", "n", "1", 1))
    assert [group for group, _ in outgoing] == [every_hub(), every_hub()]
    assert [len(message["events"]) for _, message in outgoing] == [100, 1]


def test_several_small_events_of_one_stream_go_together_in_its_group_alone():
    events = [LoggedEvent.of(Draft(f"i{n}", "n", "1", 1), "user.1", "e", n) for n in range(1, 102)]
    outgoing = logged_messages(events)
    assert [group for group, _ in outgoing] == [group_name("user.1")] * 2
    assert [event for _, message in outgoing for event in events_in(message)] == events


def test_many_large_events_go_only_to_those_who_follow():
    large = Draft("i", "n", json.dumps("x" * 2048), 1)
    outgoing = ephemeral_messages([f"user.{n}" for n in range(11)], large)
    assert len({group for group, _ in outgoing}) == 11


@few
@given(STREAMS, DRAFTS)
def test_only_events_of_the_log_may_be_sent_again(stream, draft):
    [(_, logged)] = logged_messages([LoggedEvent.of(draft, stream, "e", 1)])
    [(_, ephemeral)] = ephemeral_messages([stream], draft)
    assert is_logged(logged) and not is_logged(ephemeral)
    assert ids(logged) == ids(ephemeral) == draft.id


def test_a_batch_is_logged_only_if_all_of_it_is():
    logged, ephemeral = {"stream": "user.1", "offset": 1}, {"stream": "user.1"}
    assert is_logged({"type": BATCH_TYPE, "events": [logged, logged]})
    assert not is_logged({"type": BATCH_TYPE, "events": [logged, ephemeral]})


@pytest.mark.parametrize("stream", ["", "a b", "x" * 81, None, 7])
def test_what_names_no_stream_names_no_group(stream):
    with pytest.raises(ValueError):
        group_name(stream)

"""Messages of the channel layer: what is written is read again, and nothing else is."""

import json
import logging
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.eventlog import Draft, LoggedEvent
from realtime.layer.groups import every_hub, group_name
from realtime.layer.messages import (
    BATCH_TYPE,
    MAX_BATCH,
    EphemeralEvent,
    ephemeral_messages,
    events_in,
    ids,
    is_logged,
    logged_messages,
    plain_message,
)
from realtime.logs import LINES_A_MINUTE, line_limit

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

EPHEMERAL = {"type": "realtime.event", "stream": "user.1", "id": "i", "name": "n"}
PLAIN = {**EPHEMERAL, "data": 1, "at": 1}
FRAME = {"type": "event", "stream": "user.1", "data": 1}
ENCODED = {**EPHEMERAL, "frame": json.dumps(FRAME)}
LOGGED = {**EPHEMERAL, "epoch": "e", "offset": 1, "frame": json.dumps({**FRAME, "offset": 1})}

deep = []
for _ in range(100_000):
    deep = [deep]

NO_TEXT = st.sampled_from([7, 1.5, True, b"n", ["n"], {"n": 1}, deep, object()])
NO_OFFSET = st.sampled_from([None, 0, -1, 2**63, 10**5000, True, 1.0, math.nan, "1", [1], deep])
NO_TIME = st.sampled_from([math.inf, -math.inf, math.nan, 10**400, 2.0**60, "noon", [1], {"a": 1}])
NO_JSON = st.sampled_from([math.nan, math.inf, deep, object(), {1, 2}, b"x", {(1, 2): 3}])
HALF_A_PAIR = st.just(f'{json.dumps(FRAME)[:-1]},"name":"\ud800"}}')
NO_LINE = st.sampled_from(["", "a\nb", "a\x1b[2J", "x" * 201, "\ud800", "\u2028"])
NO_EVENT = st.sampled_from(
    [
        "",
        "{",
        "[]",
        "7",
        '{"type":"bye","code":4501,"retry":false}',
        json.dumps({**FRAME, "stream": "user.2"}),
        json.dumps({**FRAME, "offset": 2}),
        json.dumps({**FRAME, "offset": True}),
        json.dumps({**FRAME, "data": math.nan}),
        json.dumps({**FRAME, "data": "x" * 300_000}),
        f'{json.dumps(FRAME)[:-1]},"type":"bye"}}',
        "[" * 100_000,
    ]
)


def bad(message, field, values):
    return values.map(lambda value: {**message, field: value})


def without(message, *fields):
    return st.sampled_from([{k: v for k, v in message.items() if k != field} for field in fields])


MALFORMED = st.one_of(
    *(bad(one, "stream", NO_TEXT | st.none()) for one in (PLAIN, ENCODED, LOGGED)),
    *(bad(one, "name", NO_TEXT | st.none()) for one in (PLAIN, ENCODED, LOGGED)),
    *(bad(one, "id", NO_TEXT) for one in (PLAIN, ENCODED, LOGGED)),
    *(bad(one, "frame", NO_TEXT | NO_EVENT | HALF_A_PAIR) for one in (ENCODED, LOGGED)),
    *(bad(one, "name", NO_LINE) for one in (PLAIN, ENCODED, LOGGED)),
    *(bad(LOGGED, field, NO_LINE) for field in ("id", "epoch")),
    *(bad(one, "exclude", NO_TEXT | NO_LINE) for one in (PLAIN, ENCODED, LOGGED)),
    bad(ENCODED, "frame", st.just(LOGGED["frame"])),
    bad(LOGGED, "frame", st.just(ENCODED["frame"])),
    bad(PLAIN, "data", st.just("x" * 300_000)),
    bad(LOGGED, "id", st.none()),
    bad(LOGGED, "frame", st.none()),
    bad(LOGGED, "epoch", NO_TEXT | st.none()),
    bad(LOGGED, "offset", NO_OFFSET),
    bad(PLAIN, "at", NO_TIME),
    bad(PLAIN, "data", NO_JSON),
    bad(PLAIN, "stream", st.sampled_from(["", "a b", 'a"b', "x" * 81, "\ud800"])),
    without(LOGGED, "stream", "epoch", "id", "name", "frame"),
    without(PLAIN, "stream", "name"),
)
NO_MESSAGE = st.sampled_from([None, 7, math.nan, "text", b"bytes", [], [LOGGED], (1, 2), deep])
BATCHES = [None, 5, {}, LOGGED, [PLAIN] * (MAX_BATCH + 1)]
NO_BATCH = st.sampled_from([{"type": BATCH_TYPE, "events": one} for one in BATCHES])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["realtime.event", BATCH_TYPE])},
            optional=dict.fromkeys([*LOGGED.keys() - {"type"}, "events", "data", "at"], inner),
        )
    ),
    max_leaves=20,
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


class Recorder(logging.Handler):
    """Formats each record, as every handler does, which may itself fail."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture(scope="module")
def recorder():
    """One for the module: Hypothesis runs a test many times within one fixture."""
    logger, handler = logging.getLogger("realtime.layer.messages"), Recorder()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def read_logging(recorder, message, streams=None):
    """Return the events in a message and the lines that reading it logs."""
    recorder.lines = []
    line_limit.reset()
    return list(events_in(message, streams)), recorder.lines


@given(MALFORMED | NO_MESSAGE | NO_BATCH)
def test_what_is_malformed_is_dropped_with_one_line(recorder, message):
    events, lines = read_logging(recorder, message)
    assert events == []
    assert len(lines) == 1


@given(st.lists(MALFORMED | NO_MESSAGE, min_size=1, max_size=4))
def test_what_is_malformed_costs_the_rest_of_its_batch_nothing(recorder, malformed):
    batch = {"type": BATCH_TYPE, "events": [LOGGED, *malformed, PLAIN]}
    events, lines = read_logging(recorder, batch)
    assert [type(event) for event in events] == [LoggedEvent, EphemeralEvent]
    assert len(lines) == len(malformed)


@given(ANYTHING)
def test_whatever_comes_is_read_as_sound_events_or_not_at_all(message):
    for event in events_in(message):
        for text in (event.stream, event.id, event.name, event.frame):
            assert isinstance(text, str)
        event.frame.encode()
        if isinstance(event, LoggedEvent):
            assert isinstance(event.epoch, str) and 0 < event.offset < 2**63


def test_the_log_names_the_stream_and_the_fault(recorder):
    _, [line] = read_logging(recorder, {**LOGGED, "name": 7})
    error = "TypeError('name is text, not int')"
    assert line == f"event dropped stream='user.1' error={error}"


def test_strangers_do_not_fill_the_log(recorder):
    batch = {"type": BATCH_TYPE, "events": [{**LOGGED, "name": 7}] * (LINES_A_MINUTE + 40)}
    _, lines = read_logging(recorder, batch)
    assert len(lines) == LINES_A_MINUTE


@pytest.mark.parametrize("message", [{}, {"type": "realtime.later"}, {"type": []}])
def test_messages_of_another_type_are_passed_over(recorder, message):
    assert read_logging(recorder, message) == ([], [])


def test_what_a_later_version_adds_is_passed_over(recorder):
    [event], lines = read_logging(recorder, {**LOGGED, "more": 1})
    assert event.offset == 1 and not lines


def test_events_of_other_streams_are_not_read(recorder):
    other = {**LOGGED, "stream": "user.2", "offset": "never read"}
    batch = {"type": BATCH_TYPE, "events": [other, LOGGED]}
    [event], lines = read_logging(recorder, batch, {"user.1"})
    assert event.stream == "user.1" and not lines


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
    assert is_logged({"type": BATCH_TYPE, "events": [LOGGED, LOGGED]})
    assert not is_logged({"type": BATCH_TYPE, "events": [LOGGED, ENCODED]})


@pytest.mark.parametrize("stream", ["", "a b", "x" * 81, None, 7])
def test_what_names_no_stream_names_no_group(stream):
    with pytest.raises(ValueError):
        group_name(stream)

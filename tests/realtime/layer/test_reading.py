"""Reading messages of the channel layer: anybody may send them."""

import json
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.eventlog import LoggedEvent
from realtime.layer.messages import BATCH_TYPE, MAX_BATCH, EphemeralEvent
from realtime.layer.reading import events_in
from realtime.logs import LINES_A_MINUTE, line_limit

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


class Recorder(logging.Handler):
    """Formats each record, as every handler does, which may itself fail."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def recording(name):
    """Return a fixture that records a logger, for a module: Hypothesis runs a test many times."""

    @pytest.fixture(scope="module")
    def recorder():
        logger, handler = logging.getLogger(name), Recorder()
        logger.addHandler(handler)
        yield handler
        logger.removeHandler(handler)

    return recorder


recorder = recording("realtime.layer.reading")


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

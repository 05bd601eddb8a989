"""Messages about rights: what is written is read again, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.layer.control import (
    CONTROL_TYPE,
    MAX_NAMES,
    MAX_REASON,
    Disconnect,
    EndSessions,
    Reauthorize,
    Recheck,
    control_in,
    control_messages,
    is_control,
)
from realtime.layer.groups import every_hub
from realtime.logs import line_limit
from realtime.protocol.close_codes import CloseCode
from tests.realtime.layer.test_reading import ANYTHING, deep, recording

STREAMS = st.from_regex(r"[A-Za-z0-9_.-]{1,80}", fullmatch=True)
TEXTS = st.text(min_size=1, max_size=200).filter(str.isprintable)
REASONS = st.text(max_size=MAX_REASON).filter(str.isprintable)


def several(names):
    return st.lists(names, min_size=1, max_size=5).map(tuple)


CONTROLS = st.one_of(
    st.builds(Recheck, several(STREAMS)),
    st.builds(EndSessions, several(TEXTS)),
    st.builds(Disconnect, several(STREAMS), st.just(()), st.sampled_from(CloseCode), REASONS),
    st.builds(Disconnect, st.just(()), several(TEXTS), st.sampled_from(CloseCode), REASONS),
    st.builds(Reauthorize, st.none() | STREAMS, st.none() | STREAMS),
)

RECHECK = {"type": CONTROL_TYPE, "kind": "recheck", "users": ["user.1"]}
END = {"type": CONTROL_TYPE, "kind": "end_sessions", "digests": ["a"]}
DISCONNECT = {
    "type": CONTROL_TYPE,
    "kind": "disconnect",
    "users": ["user.1"],
    "sockets": [],
    "code": 4506,
    "reason": "",
}
REAUTHORIZE = {"type": CONTROL_TYPE, "kind": "reauthorize", "user": None, "stream": "room.1"}

NO_NAMES = st.sampled_from(
    [
        *(None, 7, "user.1", {"user.1": 1}, [None], [7], [[]], [""], ["a\nb"], ["\ud800"]),
        *(["user.1"] * (MAX_NAMES + 1), ["x" * 201], deep),
    ]
)
NO_KIND = st.sampled_from([None, 7, [], {}, b"recheck", "", "re\ncheck", deep])
NO_CODE = st.sampled_from([None, 4506.0, True, "4506", 1000, 4507, 10**30, [4506], deep])
NO_REASON = st.sampled_from([None, 7, b"x", "a\nb", "\x1b[2J", "x" * (MAX_REASON + 1), deep])
NO_STREAM = st.sampled_from([7, "", "a b", "x" * 81, ["room.1"], "\ud800", deep])


def bad(message, field, values):
    return values.map(lambda value: {**message, field: value})


def without(message):
    fields = message.keys() - {"type"}
    return st.sampled_from([{k: v for k, v in message.items() if k != field} for field in fields])


MALFORMED = st.one_of(
    bad(RECHECK, "kind", NO_KIND),
    bad(RECHECK, "users", NO_NAMES),
    bad(END, "digests", NO_NAMES),
    bad(DISCONNECT, "users", NO_NAMES),
    bad(DISCONNECT, "users", st.just([])),
    bad(DISCONNECT, "sockets", NO_NAMES),
    bad(DISCONNECT, "code", NO_CODE),
    bad(DISCONNECT, "reason", NO_REASON),
    bad(REAUTHORIZE, "user", NO_STREAM),
    bad(REAUTHORIZE, "stream", NO_STREAM),
    *(without(one) for one in (RECHECK, END, DISCONNECT, REAUTHORIZE)),
)


def read(control):
    """Write a control, carry it as a layer does that keeps no Python objects, and read it."""
    outgoing = json.loads(json.dumps(control_messages(control)))
    assert all(group == every_hub() and is_control(message) for group, message in outgoing)
    return [control_in(message) for _, message in outgoing]


@given(CONTROLS)
def test_what_is_written_is_read_again(control):
    assert read(control) == [control]


recorder = recording("realtime.layer.reading")


@given(MALFORMED)
def test_what_is_malformed_is_dropped_with_one_line(recorder, message):
    recorder.lines = []
    line_limit.reset()
    assert control_in(message) is None
    assert len(recorder.lines) == 1


@given(
    st.sampled_from(["recheck", "end_sessions", "disconnect", "reauthorize"]),
    st.dictionaries(
        st.sampled_from(["users", "digests", "sockets", "code", "reason", "user", "stream"]),
        ANYTHING,
    ),
)
def test_whatever_comes_is_read_as_a_sound_control_or_not_at_all(kind, fields):
    control = control_in({"type": CONTROL_TYPE, "kind": kind, **fields})
    if control is not None:
        assert read(control) in ([control], [])  # One that names nobody needs no message.


def test_a_kind_of_a_later_version_is_passed_over(recorder):
    recorder.lines = []
    assert control_in({**RECHECK, "kind": "later"}) is None
    assert control_in({**RECHECK, "more": 1}) == Recheck(("user.1",))
    assert not recorder.lines


@pytest.mark.parametrize("message", [None, 7, {}, {"type": "realtime.event"}, {"type": []}])
def test_other_messages_are_no_controls(message):
    assert not is_control(message)


def test_many_names_are_several_messages():
    users = tuple(f"user.{number}" for number in range(2 * MAX_NAMES + 1))
    for control in (Recheck(users), Disconnect(users), EndSessions(users)):
        parts = read(control)
        assert len(parts) == 3
        names = [name for part in parts for name in getattr(part, "users", ()) or part.digests]
        assert tuple(names) == users

"""The checker of rights finds each event after its right had ended, and each end without cause."""

import pytest

from tests.faults.rights_checker import BUSY, check_rights, due_of
from tests.faults.rights_records import Connection, Ending, How, Logged, Logs, Seen, Span, Spans
from tests.faults.seen import seen
from tests.faults.server_logs import read_logs_of

ROOM, OTHER = "hall.1", "hall.2"
ENDED, BACK = 1000.0, 1100.0


def withdrawn(how=How.WITHDRAWN, **changes):
    about = {"user": "user.1", "stream": ROOM, "restored": BACK, "returned": BACK + 1}
    return Ending(how, began=ENDED - 1, committed=ENDED, **{**about, **changes})


def signed_out(how=How.LOGGED_OUT, **changes):
    cookie = "a" if how is How.LOGGED_OUT else None
    return withdrawn(how, **{"stream": None, "cookie": cookie, **changes})


def connection(*frames, opened=ENDED - 100, cookie="a", user="user.1"):
    return Connection(user, cookie, "socket", opened, list(frames))


def event(published, at=None, stream=ROOM):
    return Seen(published + 0.1 if at is None else at, "event", stream, published)


def subscribed(at, stream=ROOM):
    return Seen(at, "subscribed", stream, at - 0.1)


def end(at, kind="forbidden", stream=ROOM):
    return Seen(at, kind, stream)


def problems(connection, *endings, ended=(), unchecked=()):
    return check_rights([connection], endings, Spans(), Logs(ended, unchecked))


BEGUN = subscribed(ENDED - 90)
CHECKED = 7.8  # Of a right to a stream.
LATE = ENDED + 1 + BUSY + 0.1

RIGHT = {
    "all that came before": ([withdrawn()], [BEGUN, event(ENDED - 1), end(ENDED + 1)]),
    "what came within a second": ([withdrawn()], [BEGUN, event(ENDED + 0.9), end(ENDED + 1)]),
    "other streams": (
        [withdrawn()],
        [BEGUN, subscribed(ENDED - 90, OTHER), end(ENDED + 1), event(LATE, stream=OTHER)],
    ),
    "what was missed, when it is back": (
        [withdrawn()],
        [BEGUN, end(ENDED + 1), subscribed(BACK + 1), event(LATE, BACK + 1.1)],
    ),
    "by a check": ([withdrawn(How.WITHDRAWN_BY_SQL)], [BEGUN, event(LATE), end(LATE + 1)]),
    "a logout": ([signed_out()], [BEGUN, event(ENDED), end(ENDED + 1, "bye 4504", None)]),
    "sent away for now": (
        [signed_out(How.DISCONNECTED_FOR_NOW)],
        [BEGUN, end(ENDED + 1, "bye 4406", None)],
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right(case):
    endings, frames = RIGHT[case]
    assert problems(connection(*frames), *endings) == []


WRONG = {
    "an event of a room": (
        "handed out 3.1 s late (permissions withdrawn (m2m): user.1 to hall.1)",
        [withdrawn()],
        [BEGUN, event(LATE)],
    ),
    "a room again": ("handed out", [withdrawn()], [BEGUN, end(ENDED + 1), subscribed(LATE + 0.1)]),
    "an event after a logout": ("handed out", [signed_out()], [BEGUN, event(LATE)]),
    "long after a logout": ("handed out", [signed_out()], [BEGUN, event(BACK + 9)]),
    "let in": ("handed out", [signed_out()], [Seen(LATE + 1, "welcome", None, LATE)]),
    "no check": (
        "handed out 9.9 s",
        [withdrawn(How.WITHDRAWN_BY_SQL)],
        [BEGUN, event(ENDED + CHECKED + BUSY + 0.1)],
    ),
    "no check of users": (
        "handed out",
        [signed_out(How.DEACTIVATED_BY_SQL)],
        [BEGUN, event(ENDED + 5 + BUSY)],
    ),
    "not sent away": ("handed out", [signed_out(How.DISCONNECTED)], [BEGUN, event(LATE)]),
    "waiting frames": (
        "not followed",
        [withdrawn()],
        [BEGUN, end(ENDED + 1), event(ENDED - 1, ENDED + 1.1)],
    ),
    "after bye": (
        "after the end of",
        [signed_out()],
        [BEGUN, end(ENDED + 1, "bye 4504", None), Seen(ENDED + 1, "ping")],
    ),
    "forbidden for nothing": ("without a reason", [], [BEGUN, end(ENDED)]),
    "another room's": ("without a reason", [withdrawn(stream=OTHER)], [BEGUN, end(ENDED)]),
    "signed out for a room": (
        "without a reason",
        [withdrawn()],
        [BEGUN, end(ENDED, "bye 4504", None)],
    ),
    "long after it was back": ("without a reason", [withdrawn()], [BEGUN, end(BACK + 20)]),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_found(case):
    problem, endings, frames = WRONG[case]
    found = problems(connection(*frames), *endings)
    assert any(problem in one for one in found), found


def test_others_keep_what_is_theirs():
    frames = [BEGUN, event(LATE)]
    assert problems(connection(*frames, user="user.2"), withdrawn(), signed_out()) == []
    assert problems(connection(*frames, cookie="b"), signed_out()) == []
    later = connection(*frames, opened=ENDED + 1)
    assert problems(later, signed_out(How.DISCONNECTED)) == []


@pytest.mark.parametrize("stream", [ROOM, None])
def test_an_event_is_found_that_was_handed_out_when_its_process_had_ended_the_right(stream):
    told = withdrawn() if stream else signed_out()
    ended = Logged(ENDED + 0.2, "socket", stream)
    assert problems(connection(BEGUN, event(ENDED + 0.1)), told, ended=[ended]) == []
    [found] = problems(connection(BEGUN, event(ENDED + 0.3)), told, ended=[ended])
    assert "handed out after Logged" in found
    again = [BEGUN, end(ENDED + 0.3), subscribed(BACK + 1), event(ENDED + 0.3, BACK + 1)]
    assert problems(connection(*again), withdrawn(), ended=[ended]) == []


def test_when_it_has_to_be_carried_out():
    by_message, by_check = withdrawn(), withdrawn(How.WITHDRAWN_BY_SQL)
    assert due_of(by_message, Spans()) == ENDED + 1 + BUSY
    assert due_of(by_check, Spans()) == ENDED + CHECKED + BUSY
    away = Spans(redis_away=[Span(ENDED + 0.5, ENDED + 2)])
    assert due_of(by_message, away) == ENDED + CHECKED + BUSY
    long_ago = Span(ENDED - 20, ENDED - 10)
    assert due_of(by_message, Spans([long_ago], [long_ago])) == ENDED + 1 + BUSY
    stopped = Spans(stopped=[Span(ENDED + 6, ENDED + 9), Span(ENDED + 1, ENDED + 4)])
    assert due_of(by_message, stopped) == ENDED + 9 + 1 + BUSY


def test_a_right_that_could_not_be_asked_for_lasts():
    frames = connection(BEGUN, event(LATE))
    failed = Logged(ENDED + 1, "socket", ROOM)
    assert problems(frames, withdrawn(), unchecked=[failed]) == []
    for other in (Logged(ENDED + 1, "another", ROOM), Logged(ENDED - 9, "socket", ROOM)):
        assert problems(frames, withdrawn(), unchecked=[other])


def test_what_the_logs_say():
    log = """\
2026-11-26 09:37:31,250 INFO realtime.subscriptions.commands right ended socket=a1 stream=hall.1 \
reason=forbidden
2026-11-26 09:37:32,500 INFO realtime.sockets.peer closed socket=b2 code=4504 reason=signed out
2026-11-26 09:37:32,500 INFO realtime.sockets.peer closed socket=b3 code=4408 reason=stale
2026-11-26 09:37:33,000 ERROR realtime.subscriptions.authorization right not checked socket=c3 \
stream=hall.2 error=TimeoutError()
2026-11-26 09:37:34,000 WARNING realtime.layer.link channel layer up again after=1.5s groups=9
"""
    logs = read_logs_of([log])
    first = logs.ended[0].at
    assert logs == Logs(
        [Logged(first, "a1", "hall.1"), Logged(first + 1.25, "b2")],
        [Logged(first + 1.75, "c3", "hall.2")],
        [Span(first + 1.25, first + 2.75)],
    )


def test_what_a_client_saw():
    asked = {"": 1.0, ROOM: 2.0}
    frames = [
        {"type": "welcome"},
        {"type": "subscribed", "stream": ROOM},
        {"type": "event", "stream": ROOM, "at": 3500},
        {"type": "unsubscribed", "stream": ROOM, "reason": "forbidden"},
        {"type": "error", "ref": ROOM, "code": "forbidden"},
        {"type": "bye", "code": 4504},
    ]
    assert [seen(frame, 4.0, asked) for frame in frames] == [
        Seen(4.0, "welcome", None, 1.0),
        Seen(4.0, "subscribed", ROOM, 2.0),
        Seen(4.0, "event", ROOM, 3.5),
        Seen(4.0, "forbidden", ROOM),
        Seen(4.0, "forbidden", ROOM),
        Seen(4.0, "bye 4504"),
    ]

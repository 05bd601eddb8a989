"""What outsiders put into the log: one line each, and only so many."""

import ast
import io
import logging
from pathlib import Path

import pytest

from realtime.correlation import acting_as
from realtime.log_fields import read_form
from realtime.logs import LIMITED, LINES_A_MINUTE, LineLimit, get_logger
from tests.sources import parsed

PROJECT = Path(__file__).parents[2]
SOURCES = [path for folder in ("realtime", "calls") for path in (PROJECT / folder).rglob("*.py")]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}

FORGED = "x\n2026-11-22 INFO calls.models call changed\r\u2028\x1b[2K\ud800"


@pytest.fixture
def logger():
    """A logger whose lines ``written`` returns, as a project's handler would write them."""
    logger = get_logger("realtime.a_test")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.written = lambda: stream.getvalue().split("\n")[:-1]
    yield logger
    logger.removeHandler(handler)


@pytest.mark.parametrize("placeholder", ["%s", "%r"])
@pytest.mark.parametrize("value", [FORGED, ValueError(FORGED), [FORGED], {"key": FORGED}])
def test_no_value_makes_a_second_line(logger, placeholder, value):
    logger.info(f"refused code=%d reason={placeholder}", 400, value)
    (line,) = logger.written()
    assert line.startswith("refused code=400 reason=")
    assert "call changed" in line and line.isprintable()


def test_the_reason_is_shown_of_an_exception_that_shows_only_its_kind(logger):
    class Terse(ConnectionError):
        def __repr__(self):
            return "network:Terse"

    class Wordy(Terse):
        def __repr__(self):
            return f"<{self}>"

    for error in (Terse("refused by 10.0.0.7"), Wordy("refused"), KeyError("a")):
        logger.error("broadcast failed error=%r", error)
    assert logger.written() == [
        "broadcast failed error=Terse('refused by 10.0.0.7')",
        "broadcast failed error=<refused>",
        "broadcast failed error=KeyError('a')",
    ]


def test_a_line_names_the_request_that_it_is_about(logger, caplog):
    with acting_as("request", "5%f"):
        logger.info("up again key=%s", None)
        logger.info("down reason=%s: it is tried again", "full")
        logger.info("refused request=%s", "another")
        logger.info("a sentence about %s, for people.", "it")
        logger.info("one with {% realtime %}")
        logger.info("wrong arguments code=%s", *[])
        logger.info("deliver event=%s", "1", extra={"origin": "task 8c1f calls.next"})
        logger.info("deliver event=%s", "2", extra={"origin": None})
    logger.info("up again")
    assert logger.written() == [
        "up again key=None request=5%f",
        "down reason=full request=5%f: it is tried again",
        "refused request=another",
        "a sentence about it, for people. request=5%f",
        "one with {% realtime %}",
        "wrong arguments code=%s",
        "deliver event=1 task=8c1f",
        "deliver event=2",
        "up again",
    ]
    assert [getattr(record, "realtime", None) for record in caplog.records] == [
        {"what": "up again", "key": None, "request": "5%f"},
        {"what": "down", "reason": "full", "request": "5%f"},
        {"what": "refused", "request": "another"},
        None,
        None,
        None,
        {"what": "deliver", "event": "1", "task": "8c1f", "origin": "task 8c1f calls.next"},
        {"what": "deliver", "event": "2"},
        {"what": "up again"},
    ]


def test_a_traced_event_has_its_trace(logger):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    logger.info("publish event=%s", "1", extra={"origin": None, "traceparent": traceparent})
    assert logger.written() == ["publish event=1 trace=4bf92f3577b34da6a3ce929d0e0e4736"]


def test_what_can_be_printed_stays_as_it_is(logger):
    logger.info("seen name=%s number=%.1f error=%r", "naïve ☎", 1.25, ValueError("it's"))
    assert logger.written() == ['seen name=naïve ☎ number=1.2 error=ValueError("it\'s")']


def test_no_traceback_has_a_line_that_passes_for_one_of_the_log(logger):
    try:
        raise ValueError(FORGED) from KeyError(FORGED)
    except ValueError:
        logger.exception("failed socket=%s", "e92f8876f50e")
    first, *traceback = logger.written()
    assert first == "failed socket=e92f8876f50e"
    assert all(line.startswith("  ") and line.isprintable() for line in traceback)
    assert any("test_logs.py" in line for line in traceback)
    assert any("call changed" in line for line in traceback)


def test_limited_lines_are_those_of_one_kind(logger):
    for number in range(LINES_A_MINUTE + 20):
        logger.info("refused number=%d", number, extra=LIMITED)
    assert len(logger.written()) == LINES_A_MINUTE
    logger.info("another number=%d", 1, extra=LIMITED)
    for number in range(LINES_A_MINUTE):
        logger.info("unlimited number=%d", number)
    assert len(logger.written()) == 2 * LINES_A_MINUTE + 1


def test_the_next_line_says_how_many_are_missing(logger, monkeypatch, caplog):
    for number in range(LINES_A_MINUTE + 20):
        logger.info("refused number=%d", number, extra=LIMITED)
    monkeypatch.setattr("realtime.logs.time.monotonic", lambda: float("inf"))
    logger.info("refused number=%d", 7, extra=LIMITED)
    assert logger.written()[-1] == "refused number=7 suppressed=20"
    assert vars(caplog.records[-1])["realtime"]["suppressed"] == 20
    assert "is_limited" not in vars(caplog.records[-1])


def test_each_minute_counts_by_itself():
    limit, kind = LineLimit(), ("realtime", "refused")
    taken = [limit.suppressed(kind, 0.0) for _ in range(LINES_A_MINUTE)]
    assert taken == [0] * LINES_A_MINUTE
    assert [limit.suppressed(kind, now) for now in (1.0, 59.9)] == [None, None]
    assert limit.suppressed(("realtime", "other"), 59.9) == 0
    assert limit.suppressed(kind, 60.0) == 2
    assert limit.suppressed(kind, 120.0) == 0


def logging_calls(tree):
    """Return the calls by which a module writes to a log, and by which it gets its logger."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    written = [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and "log" in ast.unparse(call.func.value)
    ]
    made = [call for call in calls if ast.unparse(call) == "get_logger(__name__)"]
    return written, made


LOGGING = [
    path
    for path in SOURCES
    if "logger." in path.read_text() and path.name != "hints.py"  # It gets its caller's.
]


def test_all_that_is_logged_is_escaped():
    """Each module has its logger from ``get_logger``, and leaves all values to it."""
    for path in LOGGING:
        written, made = logging_calls(parsed(path))
        assert made or not written, path
        for call in written:
            assert ast.unparse(call.func.value) == "logger", ast.unparse(call)
            text = call.args[0]
            assert isinstance(text, ast.Constant), f"values are arguments: {ast.unparse(call)}"


def test_no_other_logger_is_made():
    """One from ``logging`` itself would escape nothing."""
    makers = {
        path.relative_to(PROJECT).as_posix() for path in SOURCES if "getLogger" in path.read_text()
    }
    assert makers == {"realtime/logs.py", "realtime/layer/backends.py"}  # The layer's own logger.


def test_each_line_is_words_and_fields():
    """Hints are sentences; all others are read by programs too."""
    for call in (call for path in LOGGING for call in logging_calls(parsed(path))[0]):
        text = ast.literal_eval(call.args[0])
        form = read_form(text)
        assert form is not None, text
        given = [field for field in form.fields if field.conversion]
        is_known = not any(isinstance(arg, ast.Starred) for arg in call.args)
        assert not is_known or len(given) == len(call.args) - 1, text
        assert not {"request", "task", "trace", "what", "origin"} & form.keys, text

"""What outsiders put into the log: one line each, and only so many."""

import io
import logging

import pytest

from realtime.logs import LIMITED, LINES_A_MINUTE, LineLimit, get_logger

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


def test_what_can_be_printed_stays_as_it_is(logger):
    logger.info("seen name=%s number=%.1f error=%r", "naïve ☎", 1.25, ValueError("it's"))
    assert logger.written() == ['seen name=naïve ☎ number=1.2 error=ValueError("it\'s")']


def test_limited_lines_are_those_of_one_kind(logger):
    for number in range(LINES_A_MINUTE + 20):
        logger.info("refused number=%d", number, extra=LIMITED)
    assert len(logger.written()) == LINES_A_MINUTE
    logger.info("another number=%d", 1, extra=LIMITED)
    for number in range(LINES_A_MINUTE):
        logger.info("unlimited number=%d", number)
    assert len(logger.written()) == 2 * LINES_A_MINUTE + 1


def test_the_next_line_says_how_many_are_missing(logger, monkeypatch):
    for number in range(LINES_A_MINUTE + 20):
        logger.info("refused number=%d", number, extra=LIMITED)
    monkeypatch.setattr("realtime.logs.time.monotonic", lambda: float("inf"))
    logger.info("refused number=%d", 7, extra=LIMITED)
    assert logger.written()[-1] == "refused number=7 suppressed=20"


def test_each_minute_counts_by_itself():
    limit, kind = LineLimit(), ("realtime", "refused")
    taken = [limit.suppressed(kind, 0.0) for _ in range(LINES_A_MINUTE)]
    assert taken == [0] * LINES_A_MINUTE
    assert [limit.suppressed(kind, now) for now in (1.0, 59.9)] == [None, None]
    assert limit.suppressed(("realtime", "other"), 59.9) == 0
    assert limit.suppressed(kind, 60.0) == 2
    assert limit.suppressed(kind, 120.0) == 0

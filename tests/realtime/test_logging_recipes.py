"""The recipes of docs/logging.md, as they stand there, with the packages that they are for."""

import io
import json
import logging
import logging.config
import re
from pathlib import Path

import pytest

from realtime import publish
from realtime.correlation import acting_as
from realtime.logs import get_logger

DOCUMENT = (Path(__file__).parents[2] / "docs/logging.md").read_text()


def section(title):
    return DOCUMENT.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def written():
    """Set up logging as a recipe does; returns what it writes."""
    root, ours = logging.getLogger(), logging.getLogger("realtime")
    before = [(one, one.level, one.handlers[:]) for one in (root, ours)]
    output = io.StringIO()

    def set_up(title):
        names = {}
        [recipe] = re.findall(r"^```python\n(.*?)^```", section(title), re.S | re.M)
        exec(recipe, names)
        names["LOGGING"]["handlers"]["console"]["stream"] = output
        logging.config.dictConfig(names["LOGGING"])
        return lambda: [json.loads(line) for line in output.getvalue().splitlines()]

    yield set_up
    for one, level, handlers in before:
        one.setLevel(level)
        one.handlers = handlers


EVENT = {
    "what": "publish",
    "name": "call.state",
    "key": "call.2.1",
    "streams": "user.1,user.2",
    "request": "5f3a9c",
    "origin": "request 5f3a9c POST /calls/12/answer",
}


def publish_one():
    with acting_as("request", "5f3a9c", "POST /calls/12/answer"):
        publish(["user.1", "user.2"], "call.state", key="call.2.1")


def test_python_json_logger(written):
    pytest.importorskip("pythonjsonlogger")
    lines = written("JSON")
    publish_one()
    [example] = re.findall(r"^```json\n(.*?)^```", section("JSON"), re.S | re.M)
    [line] = lines()
    expected = json.loads(example)
    assert line.keys() - {"asctime"} == expected.keys()
    assert line["message"] == expected["message"].replace("43b640e8", line["realtime"]["event"])
    assert line["realtime"] == expected["realtime"] | {"event": line["realtime"]["event"]}


def test_python_json_logger_with_what_json_does_not_know(written):
    pytest.importorskip("pythonjsonlogger")
    lines = written("JSON")
    get_logger("realtime.a_test").error("failed reason=%r", ValueError("x\ny"), exc_info=True)
    [line] = lines()
    assert line["realtime"] == {"what": "failed", "reason": "ValueError('x\\ny')"}


def test_structlog(written):
    structlog = pytest.importorskip("structlog")
    try:
        lines = written("structlog")
        publish_one()
        with acting_as("task", "8c1f"):
            structlog.get_logger("calls").info("next agent", agent=7)
    finally:
        structlog.reset_defaults()
    published, own = lines()
    assert published["logger"] == "realtime.events" and published["level"] == "info"
    assert published["event"].startswith("publish event=")
    assert published["realtime"] == EVENT | {"event": published["realtime"]["event"]}
    assert own == {
        "event": "next agent",
        "agent": 7,
        "task": "8c1f",
        "level": "info",
        "logger": "calls",
    }

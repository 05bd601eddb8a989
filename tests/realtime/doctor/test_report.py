"""What the doctor writes, how the command exits, and that its document has all findings."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import get_args

import pytest
from django.core.management import CommandError, call_command

from realtime.doctor.address import read_address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Id, Level, error, exit_code, ok, skipped, warning
from realtime.doctor.inside.examination import without_doubts
from realtime.doctor.report import WIDTH, as_json, as_text
from realtime.management.commands import realtime_doctor

GOOD = ok("tcp", "A connection takes 1.0 ms.")
DOUBT = warning("public-address", "It may refuse.", why="Then no page connects.", do="Name it.")
BAD = error("idle", "Cut after 5 s.", why="So " + "very " * 30 + "late.", do="Raise it.")
FINDINGS = [GOOD, skipped("drain", "Nobody."), BAD, skipped("grace", "Nobody."), DOUBT]


def test_the_worst_comes_first_and_lines_are_short():
    lines = as_text(FINDINGS).splitlines()
    assert lines[0] == "error     idle: Cut after 5 s."
    assert lines[1].startswith("   why    So very very")
    assert lines[-2] == "skipped   drain, grace: Nobody."
    assert lines[-1].startswith("1 error, 1 warning, 1 ok, 2 skipped.")
    assert max(map(len, lines)) <= WIDTH


def test_json_has_everything_in_order():
    read = json.loads(as_json(FINDINGS))
    assert read["counts"] == {"error": 1, "warning": 1, "ok": 1, "skipped": 2}
    assert [each["id"] for each in read["findings"]] == [each.id for each in FINDINGS]
    assert read["findings"][4] == {
        "id": "public-address",
        "level": "warning",
        "what": "It may refuse.",
        "why": "Then no page connects.",
        "do": "Name it.",
    }


@pytest.mark.parametrize(
    ("findings", "fail_on", "code"),
    [([GOOD], "warning", 0), ([DOUBT], "error", 0), ([DOUBT], "warning", 1), ([BAD], "error", 1)],
)
def test_the_exit_code(findings, fail_on, code):
    assert exit_code(findings, Level(fail_on)) == code


def test_what_is_seen_from_outside_settles_a_doubt_of_the_settings():
    assert without_doubts(FINDINGS) == FINDINGS
    seen = ok("origin", "accepted")
    assert without_doubts([*FINDINGS, seen]) == [*FINDINGS[:-1], seen]


async def test_a_check_that_fails_or_hangs_is_a_finding():
    async def fail():
        return await in_thread(lambda: 1 / 0)

    async def hang():
        return await in_thread(lambda: time.sleep(0.2) or [])

    (failed,) = await bounded("redis", fail, 1)
    assert (failed.id, failed.level) == ("redis", "warning")
    assert "ZeroDivisionError" in failed.what
    (hung,) = await bounded("database", hang, 0.01)
    assert (hung.id, hung.level) == ("database", "error")
    assert "0.01 s" in hung.what


@pytest.mark.parametrize(
    ("text", "origin", "socket_url"),
    [
        ("https://a.example", "https://a.example", "wss://a.example/realtime/"),
        ("http://a.example:8000/", "http://a.example:8000", "ws://a.example:8000/realtime/"),
        ("wss://a.example:443/live/", "https://a.example", "wss://a.example/live/"),
        ("http://[::1]:80", "http://[::1]", "ws://[::1]/realtime/"),
    ],
)
def test_an_address_is_read(text, origin, socket_url):
    address = read_address(text)
    assert (address.origin, address.socket_url) == (origin, socket_url)


def test_no_address():
    with pytest.raises(CommandError, match="write it as https"):
        call_command("realtime_doctor", "a.example")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(realtime_doctor, "find_spec", lambda name: None)
    options = {"user": None, "cookie": None, "idle": 1.0, "drain": None}
    (found,) = asyncio.run(realtime_doctor._outside(read_address("http://a.example"), options))
    assert found.level == "error"
    assert found.do == "pip install 'channels-realtime[doctor]'"


def test_each_finding_has_a_section_in_the_document():
    text = (Path(__file__).parents[3] / "docs/doctor.md").read_text()
    assert sorted(re.findall(r"^### (\S+)$", text, re.M)) == sorted(get_args(Id))

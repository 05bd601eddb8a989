"""Imports run one way: from room to room as the picture in docs/architecture.md has them."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.sources import parsed

PROJECT = Path(__file__).parents[2]

TOP = "top level"


def picture():
    """Return the cells of the picture: the name of each room, its line, and where it lies there."""
    text = (PROJECT / "docs/architecture.md").read_text()
    (drawn,) = re.findall(r"^```text\n(\+-.*?)^```", text, re.S | re.M)
    for number, line in enumerate(drawn.splitlines()):
        for cell in re.finditer(r"(?<=[|+] )([a-z][a-z ]*?) +(?=[|+])", line):
            yield cell[1], number, cell.start(), cell.end()


def below():
    """Return the rooms that each room may import: those under it that it stands on."""
    rooms = {}
    for name, line, start, end in picture():
        rooms[name] = {
            other
            for other, at, left, right in picture()
            if at > line and left < end and start < right
        }
    return rooms


BELOW = below()
ASIDE = {
    *("admin", "checks", "contrib", "doctor", "management", "migrations", "models", "streams"),
    *("templatetags", "testing"),
}
"""Folders that are no rooms; rooms import none of them but ``models`` and ``streams``."""

EVERYWHERE = {"conf", "correlation", "counters", "exceptions", "hints", "log_fields", "logs"}
"""Modules of the top level that every room may import."""

TOP_LEVEL = {
    "eventlog": {"models"},
    "receipts": {"models"},
    "recorder": {"models", "streams"},
    "roster": {"models", "signals", "streams"},
    "subscriptions": {"streams"},
}
"""Other modules of the top level that a room needs."""


@cache
def imported(path):
    """Return the names of all modules that a file imports, wherever it does."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def parts_of_realtime(path):
    """Return the rooms and top-level modules of realtime that a file imports."""
    names = (name.split(".") for name in imported(path))
    return {name[1] for name in names if name[0] == "realtime" and len(name) > 1}


def files(folder):
    return sorted((PROJECT / folder).rglob("*.py"))


def place(path):
    return path.relative_to(PROJECT).as_posix()


def test_every_folder_of_python_is_a_room_or_on_the_top_level():
    folders = {path.parent.name for path in (PROJECT / "realtime").glob("*/*.py")}
    assert folders | {TOP} == {*BELOW, *ASIDE}


def test_the_picture_is_read():
    assert BELOW["sockets"] == {"concurrency", "protocol"}
    assert BELOW["access"] == {"sockets", "concurrency", "protocol"}
    assert BELOW["recorder"] == BELOW["receipts"] == BELOW["roster"]
    assert BELOW["roster"] == {"layer", "eventlog", "concurrency", "protocol"}
    assert BELOW["fanout"] == {"layer", "eventlog", "concurrency", "protocol"}
    assert BELOW[TOP] == BELOW.keys() - {TOP}


@pytest.mark.parametrize("room", sorted(BELOW.keys() - {TOP}))
def test_a_room_imports_only_what_is_below_it(room):
    allowed = {room} | BELOW[room] | EVERYWHERE | TOP_LEVEL.get(room, set())
    too_high = {
        place(path): parts_of_realtime(path) - allowed for path in files(f"realtime/{room}")
    }
    assert not {path: parts for path, parts in too_high.items() if parts}


def test_realtime_knows_nothing_of_its_users():
    users = {"calls", "project", "tests"}
    for path in files("realtime"):
        names = imported(path)
        assert not {name for name in names if name.split(".")[0] in users}, place(path)
        if "testing" not in path.parts:
            assert "testing" not in parts_of_realtime(path), place(path)
        if not {"doctor", "management"} & {*path.parts}:
            assert "doctor" not in parts_of_realtime(path), place(path)
        if "contrib" not in path.parts:
            assert "contrib" not in parts_of_realtime(path), place(path)


CONTRIB = sorted(path.parent.name for path in (PROJECT / "realtime/contrib").glob("*/__init__.py"))


@pytest.mark.parametrize("folder", CONTRIB)
def test_a_folder_of_contrib_works_when_the_others_are_deleted(folder):
    for path in files(f"realtime/contrib/{folder}"):
        names = {name for name in imported(path) if name.startswith("realtime.contrib.")}
        assert {name.split(".")[2] for name in names} <= {folder}, place(path)


def test_contrib_itself_is_empty():
    assert [place(path) for path in (PROJECT / "realtime/contrib").glob("*.py")] == [
        "realtime/contrib/__init__.py"
    ]
    assert not (PROJECT / "realtime/contrib/__init__.py").read_text()


def test_the_protocol_is_pure():
    impure = {"django", "channels", "asyncio", "time", "random", "secrets", "logging"}
    for path in files("realtime/protocol"):
        assert not {name.split(".")[0] for name in imported(path)} & impure, place(path)
        assert parts_of_realtime(path) <= {"protocol", "exceptions"}, place(path)


def test_calls_knows_realtime_only_by_what_is_documented():
    logs = {"realtime.logs", "realtime.logs.get_logger", "realtime.logs.LIMITED"}
    used = {
        place(path): theirs
        for path in files("calls")
        if (theirs := {name for name in imported(path) if name.split(".")[0] == "realtime"} - logs)
    }
    classes = {
        f"realtime.streams.{name}" for name in ("Refused", "Stream", "UserStream", "register")
    }
    assert used == {
        "calls/receivers.py": {"realtime", "realtime.publish"},
        "calls/views/desk.py": {"realtime", "realtime.position"},
        "calls/availability.py": {"realtime", "realtime.presence"},
        "calls/desk_presence.py": {"realtime", "realtime.presence", "realtime.update_presence"},
        "calls/desks.py": {"realtime", "realtime.open_sockets"},
        "calls/streams.py": {"realtime.streams", *classes},
    }


def test_the_examples_use_public_names_alone():
    text = (PROJECT / "docs/architecture.md").read_text().partition("## Public names")[2]
    public = set(re.findall(r"`(realtime\.[\w.]+)`", text))
    modules = {name.rpartition(".")[0] for name in public}
    for path in files("examples"):
        used = {name for name in imported(path) if name.split(".")[0] == "realtime"}
        assert used <= public | modules, place(path)

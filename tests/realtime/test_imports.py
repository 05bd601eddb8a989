"""Imports run one way, as docs/architecture.md draws them."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SERVER_SIDE = {"channels", "django", "asyncio"}


def imported(path):
    """Return the names of all modules that a file imports, wherever it does."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files(folder):
    return sorted((PROJECT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("realtime"), ids=lambda path: path.stem)
def test_realtime_knows_nothing_of_its_users(path):
    names = imported(path)
    assert not {name for name in names if name.split(".")[0] in {"calls", "project", "tests"}}
    if "testing" not in path.parts and path.stem != "testing":
        assert not {name for name in names if name.startswith("realtime.testing")}


@pytest.mark.parametrize("path", files("realtime/protocol"), ids=lambda path: path.stem)
def test_the_protocol_is_pure(path):
    names = {name.split(".")[0] for name in imported(path)}
    assert not names & {"django", "channels", "asyncio", "time", "random", "secrets", "logging"}
    theirs = {name for name in imported(path) if name.startswith("realtime")}
    assert all(name.startswith("realtime.protocol") for name in theirs)


ABOVE = {
    "protocol": {"keepalive", "middleware", "consumers", "events", "hub", "socket", "transport"},
    "transport": {"keepalive", "middleware", "consumers", "events", "hub", "socket"},
    "keepalive": {"middleware", "consumers", "events", "hub", "socket", "conf"},
    "ring": {"events", "hub", "consumers", "layer_link"},
    "streams": {"events", "hub", "consumers"},
    "events": {"hub", "consumers", "layer_link", "subscriptions"},
    "layer_link": {"hub", "consumers", "subscriptions"},
    "hub": {"consumers", "subscriptions", "middleware"},
    "middleware": {"consumers", "hub", "events"},
    "heartbeat_socket": {"consumers", "middleware", "hub", "events"},
}


@pytest.mark.parametrize("module", ABOVE)
def test_nothing_imports_what_stands_above_it(module):
    path = PROJECT / "realtime" / f"{module}.py"
    for file in [path] if path.exists() else files(f"realtime/{module}"):
        forbidden = {f"realtime.{name}" for name in ABOVE[module]}
        assert not imported(file) & forbidden, file


def test_calls_knows_realtime_only_by_what_is_documented():
    known = {
        path.relative_to(PROJECT).as_posix(): theirs
        for path in files("calls")
        if (theirs := {name for name in imported(path) if name.split(".")[0] == "realtime"})
    }
    classes = {f"realtime.streams.{name}" for name in ("Stream", "UserStream", "register")}
    assert known == {
        "calls/receivers.py": {"realtime", "realtime.publish"},
        "calls/views.py": {"realtime", "realtime.position"},
        "calls/streams.py": {"realtime.streams", *classes},
    }

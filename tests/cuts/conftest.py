"""The environment that all cuts happen in, and the table of their results."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.cuts.environment import Environment
from tests.cuts.table import Row, table


@pytest.fixture(scope="module")
def open_environment(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[Callable[[float, float], Environment]]:
    with ExitStack() as ending:
        opened: list[Environment] = []

        def latest(interval: float, timeout: float) -> Environment:
            if not opened or opened[-1].crashed:
                ending.close()
                directory = tmp_path_factory.mktemp("cuts")
                arguments = directory, site_database, site_env, interval, timeout
                opened.append(Environment(ending, *arguments))
            return opened[-1]

        yield latest


@pytest.fixture
def environment(
    request: pytest.FixtureRequest, open_environment: Callable[[float, float], Environment]
) -> Environment:
    """The environment with a heartbeat of `request.param`: interval and timeout in seconds.

    The tests of a file share it until one of its browsers crashes.
    """
    return open_environment(*request.param)


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Put a row into the table at the end of the run."""
    return lambda row: record_property("cut", astuple(row))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table; properties of reports come here from other processes too."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    properties = [
        value
        for one in sorted(reports, key=lambda one: one.fspath)
        if one.when == "call"
        for name, value in one.user_properties
        if name == "cut"
    ]
    if properties:
        terminalreporter.write_line(f"\n{table(Row(*values) for values in properties)}\n")

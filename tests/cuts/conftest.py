"""The world that all cuts happen in, and the table of what they came to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cuts.table import Table
from tests.cuts.world import World

HEARTBEAT = {"HEARTBEAT_INTERVAL": "3", "HEARTBEAT_TIMEOUT": "3"}  # seconds; a cut takes less time


@pytest.fixture(scope="package")
def world(
    tmp_path_factory: pytest.TempPathFactory, site_database: Path, site_env: dict[str, str]
) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("cuts"), site_database, site_env, HEARTBEAT)
    yield world
    world.close()


@pytest.fixture(scope="package")
def table() -> Iterator[Table]:
    table = Table()
    yield table
    print(f"\n\n{table}")

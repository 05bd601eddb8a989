"""The world that all cuts happen in, and the table of what they came to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cuts.table import Table
from tests.cuts.world import World


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    site_database: Path,
    site_env: dict[str, str],
) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("cuts"), site_database, site_env, *request.param)
    yield world
    world.close()


@pytest.fixture(scope="package")
def table() -> Iterator[Table]:
    table = Table()
    yield table
    print(f"\n\n{table}")

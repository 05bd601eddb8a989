"""No list that a desk asks for reads more rows after a year of calls: PostgreSQL's own count."""

import json

import pytest

from calls.history import PAGE
from tests.processes.site import prepare_database, run_python

MANY = 20_000
FIELDS = 3
"""By which an agent's calls are found; each is read by itself, and the calls are then fetched."""


@pytest.mark.processes
def test_no_list_reads_more_than_a_few_pages(postgres_url: str, site_env: dict[str, str]) -> None:
    env = {**site_env, "DATABASE_URL": postgres_url}
    prepare_database(env)
    read = json.loads(run_python(env, "-m", "tests.calls.read_rows", str(MANY)).splitlines()[-1])
    # The calls of the page, two legs of each, and what is read to find them.
    assert {name: rows for name, rows in read.items() if rows > (FIELDS + 3) * (PAGE + 1)} == {}
    assert read["page"] >= 3 * PAGE

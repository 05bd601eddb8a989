"""A project on MariaDB keeps the tables of realtime in PostgreSQL, as the check says."""

import json

import pytest

from tests.processes.mariadb import MariaDB
from tests.processes.site import run_python

pytestmark = pytest.mark.processes


@pytest.fixture
def env(site_env, postgres_url, tmp_path):
    server = MariaDB(tmp_path)
    server.start()
    yield {
        **site_env,
        "DJANGO_SETTINGS_MODULE": "tests.end_to_end.mariadb_settings",
        "DATABASE_URL": server.create_database(),
        "REALTIME_URL": postgres_url,
    }
    server.kill()


def test_it_names_a_router_with_which_events_follow_the_commits_of_mariadb(env):
    with pytest.raises(AssertionError, match=r"realtime\.E003.* not on mysql"):
        run_python(env, "-m", "django", "check")
    said = run_python({**env, "ROUTER": "1"}, "-m", "tests.end_to_end.mariadb_project")
    assert json.loads(said.splitlines()[-1]) == {
        "before": [],
        "after": ["committed"],
        "groups": ["committed"],
        "heard": "committed",
    }

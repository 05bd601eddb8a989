"""A server of the faults' site on a real PostgreSQL and a real Redis."""

from collections.abc import Callable

import pytest

from tests.processes.site import Server, Site


@pytest.fixture
def worker(site, redis_server, postgres_url) -> Callable[[Server], Site]:
    """Start a worker; those of one test share all data."""

    def start(server: Server) -> Site:
        return site(
            server,
            redis=redis_server,
            database_url=postgres_url,
            app="tests.faults.application:application",
            env={"DJANGO_SETTINGS_MODULE": "tests.faults.settings"},
        )

    return start

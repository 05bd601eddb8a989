"""The browser client on real servers keeps within the limits that they announce."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.processes.programs import lacking, program
from tests.processes.site import Server, Sites
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

PAGE = Path(__file__).with_name("eager_page.js")
WS = PAGE.parents[1] / "js/node_modules/ws"


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_a_page_that_asks_for_too_much_is_slowed_down_and_loses_nothing(
    site: Sites, server: Server
) -> None:
    if not WS.exists():
        lacking("ws is not installed")
    served = site(
        server,
        app="tests.end_to_end.served:application",
        env={"DJANGO_SETTINGS_MODULE": "tests.end_to_end.low_limits"},
    )
    cookies = served.login("alice").cookie_header()
    page = [program("node"), str(PAGE), f"{served.ws_url}/realtime/", served.url, cookies]
    done = subprocess.run(page, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sends": {"done": 80},
        "refused": "too_many",
        "large": "too_large",
        "last": "done",
        "ends": [1006, 1000],
    }


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_another_spelling_of_the_path_is_the_same_path(site: Sites, server: Server) -> None:
    served = site(server)
    cookies = served.login("alice").cookie_header()
    async with wire(served, path="/%72ealtim%65/", cookies=cookies) as socket:
        assert (await socket.frame())["type"] == "welcome"

"""The demo site as the other tests start it: users can log in, and data is shared on request."""

import pytest

from tests.processes.redis_server import RedisServer
from tests.processes.site import Server, Sites
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_user_who_has_logged_in_is_welcome(site: Sites, server: Server) -> None:
    served = site(server)
    alice = served.login("alice")
    assert alice.get("/").status_code == 200
    async with wire(served, cookies=alice.cookie_header(), origin=served.url) as client:
        assert (await client.frame())["type"] == "welcome"
        assert client.subprotocol == "realtime.v1"


async def test_a_session_holds_on_every_site_with_the_same_database(
    site: Sites, redis_server: RedisServer, postgres_url: str
) -> None:
    one = site("daphne", redis=redis_server, database_url=postgres_url)
    other = site("uvicorn", redis=redis_server, database_url=postgres_url)
    cookies = one.login("bob").cookie_header()
    async with wire(other, cookies=cookies) as client:
        assert (await client.frame("welcome"))["me"].startswith("user.")


def test_sites_share_no_data_unless_asked(site: Sites) -> None:
    one, other = site(), site()
    count = "from django.contrib.sessions.models import Session; print(Session.objects.count())"
    one.login("alice")
    assert one.manage("shell", "--no-imports", "-c", count) == "1\n"
    assert other.manage("shell", "--no-imports", "-c", count) == "0\n"

"""The bug that the project exists for, made with the cable on real servers."""

import pytest
from websockets.asyncio.client import connect

from realtime.testing import Cable
from tests.processes.waiting import until

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_bare_client_believes_in_a_connection_that_is_gone(server, site):
    site = site(server, env={"HEARTBEAT_INTERVAL": "0.3", "HEARTBEAT_TIMEOUT": "0.3"})
    headers = {"Cookie": site.login("alice").cookie_header()}
    async with Cable("127.0.0.1", site.port) as cable:

        def open_socket():
            url = f"ws://127.0.0.1:{cable.port}/realtime/"
            return connect(
                url, additional_headers=headers, ping_interval=None, close_timeout=0.1, proxy=None
            )

        async with open_socket() as believer:
            assert "welcome" in await believer.recv()
            cable.cut()
            await until(lambda: site.open_sockets() == 0, 20, "the server gave the client up")
            cable.forget()
            cable.heal()
            await believer.send('{"type": "ping", "nonce": "still here?"}')
            async with open_socket() as newcomer:
                assert "welcome" in await newcomer.recv()
            assert believer.close_code is None

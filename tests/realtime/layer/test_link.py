"""The link to the channel layer ends with its event loop, wherever it is in its work."""

import asyncio

import pytest

from realtime.layer.link import LayerLink


@pytest.mark.parametrize("steps", range(12))
def test_it_can_be_ended_at_each_step(steps):
    async def brief():
        link = LayerLink(lambda: ["group"], lambda message: None, lambda: None)
        for _ in range(steps):
            await asyncio.sleep(0)
        return link

    asyncio.run(brief())  # Cancels what still runs, and waits for it.

"""The log of a call's way, from the webhook to the agents' sockets, as docs/architecture.md has it.

One id finds all of it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime.consumers import RealtimeConsumer
from realtime.testing import RealtimeCommunicator
from tests.calls.twilio_webhooks import VOICE, Poster, event

DOCUMENT = Path(__file__).parents[2] / "docs/architecture.md"

pytestmark = pytest.mark.django_db(transaction=True)  # For the threads of the log.


def documented() -> list[str]:
    text = DOCUMENT.read_text().partition("## The way of one event\n")[2]
    (lines,) = re.findall(r"^```text\n(.*?)^```", text.partition("\n## ")[0], re.S | re.M)
    return str(lines).splitlines()


def without_values(line: str) -> str:
    """Return a line with only those values that are the same in every run."""
    return re.sub(r"(?<= )(call|sid|event|key|stream|streams|offset)=\S+", r"\1=", line)


async def test_the_log_of_a_call_is_found_by_the_id_of_its_request(
    alice: Any, bob: Any, twilio: Poster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    application = RealtimeConsumer.as_asgi()
    async with (
        RealtimeCommunicator(application, user=alice, timeout=5) as at_alice,
        RealtimeCommunicator(application, user=bob, timeout=5) as at_bob,
    ):
        await at_alice.subscribe()
        await at_bob.subscribe()
        post: Any = sync_to_async(twilio.post)
        answer = await post(VOICE, event("ringing"), HTTP_X_REQUEST_ID="5f3a9c")
        assert answer["X-Request-ID"] == "5f3a9c"
        await at_alice.event()
        await at_bob.event()
    lines = [f"{record.name} {record.getMessage()}" for record in caplog.records]
    found = [line for line in lines if "5f3a9c" in line]
    assert [without_values(line) for line in found] == [
        without_values(line) for line in documented()
    ]

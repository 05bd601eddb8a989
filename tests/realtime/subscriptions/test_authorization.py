"""The right to a stream: when the application is asked again, and what each answer leads to."""

import asyncio
from itertools import pairwise

import pytest
from django.db import OperationalError

from realtime.access.login import Login
from realtime.exceptions import SignedOut
from realtime.protocol.right import GRACE, JITTER, RETRY
from realtime.streams import Stream, register
from realtime.subscriptions.authorization import UNCHECKED, WITHDRAWN, Authorization
from tests.virtual_time import elapsed, settle

EVERY = 100.0


@register("right")
class RightStream(Stream):
    reauthorize_every = EVERY
    asked = []
    """When it was asked."""
    answer = True
    """An answer, or what is raised."""
    takes = 0.0
    """Seconds."""

    async def authorize(self, user):
        self.asked.append(elapsed())
        answer = self.answer
        await asyncio.sleep(self.takes)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Holder:
    def __init__(self):
        self.ends = []

    def right_ended(self, stream, reason):
        self.ends.append((stream, reason, elapsed()))


@pytest.fixture(autouse=True)
def application(monkeypatch):
    """What the stream's class answers, by ``application(answer=False)``."""
    monkeypatch.setattr(RightStream, "asked", [])

    def application(**attributes):
        for name, value in attributes.items():
            monkeypatch.setattr(RightStream, name, value)

    return application


@pytest.fixture
async def holder():
    return Holder()


@pytest.fixture
async def right(client, holder):
    return Authorization(client.socket, RightStream("right.1"), holder)


@pytest.fixture
async def held(right):
    assert await right.ask(elapsed() + 2000)
    return right


async def test_the_answer_to_a_subscribe(right, application):
    application(answer=False)
    assert not await right.ask(elapsed() + 2000)
    application(answer=None)
    assert not await right.ask(elapsed() + 2000)
    application(answer=True)
    assert await right.ask(elapsed() + 2000)


async def test_a_subscribe_does_not_wait_longer_than_its_deadline(right, application):
    application(takes=20)
    with pytest.raises(TimeoutError):
        await right.ask(asyncio.get_running_loop().time() + 7)
    assert elapsed() == pytest.approx(7)


async def test_it_is_asked_again_after_its_time_more_or_less(held, holder):
    await asyncio.sleep(5 * EVERY)
    times = [later - earlier for earlier, later in pairwise(RightStream.asked)]
    assert len(times) >= 4
    assert all(EVERY * (1 - JITTER) <= time <= EVERY * (1 + JITTER) + 0.1 for time in times)
    assert len(set(times)) > 1
    assert holder.ends == []


async def test_one_without_a_time_is_asked_only_for_a_reason(client, holder, application):
    application(reauthorize_every=None)
    right = Authorization(client.socket, RightStream("right.1"), holder)
    await right.ask(elapsed() + 2000)
    await asyncio.sleep(3600)
    assert len(RightStream.asked) == 1
    right.doubt()
    await settle()
    assert len(RightStream.asked) == 2


@pytest.mark.parametrize("answer", [False, None])
async def test_a_no_ends_it_within_its_time(held, holder, application, answer):
    application(answer=answer)
    await asyncio.sleep(EVERY * (1 + JITTER) + 0.1)
    ((stream, reason, _),) = holder.ends
    assert (stream, reason) == ("right.1", WITHDRAWN)
    await asyncio.sleep(1000)
    assert len(RightStream.asked) == 2


async def test_a_reason_to_doubt_it_has_it_asked_immediately(held, holder, application):
    application(answer=False)
    held.doubt()
    await settle()
    assert [reason for _, reason, _ in holder.ends] == [WITHDRAWN]


async def test_a_check_takes_no_thread_of_those_who_subscribe(held, monkeypatch):
    async def never(user, function, *args):
        await asyncio.Event().wait()

    monkeypatch.setattr("realtime.subscriptions.authorization.run_application", never)
    held.doubt()
    await settle()
    assert RightStream.asked == [0, 0]


async def test_a_reason_that_is_not_urgent_has_it_asked_too(held, holder, application):
    application(answer=False)
    held.doubt(urgent=False)
    held.doubt(urgent=False)
    await settle()
    assert len(RightStream.asked) == 2
    assert [reason for _, reason, _ in holder.ends] == [WITHDRAWN]


async def test_an_answer_that_is_older_than_the_last_reason_does_not_count(
    held, holder, application
):
    application(takes=1)
    held.doubt()
    await asyncio.sleep(0.5)
    application(answer=False)
    held.doubt()
    await asyncio.sleep(2)
    assert len(RightStream.asked) == 3
    assert [reason for _, reason, _ in holder.ends] == [WITHDRAWN]


async def test_nor_does_it_for_a_subscribe(right, application):
    application(takes=1)
    asking = asyncio.create_task(right.ask(elapsed() + 2000))
    await asyncio.sleep(0.5)
    application(answer=False)
    right.doubt()
    assert await asking is False


async def test_a_right_that_came_back_meanwhile_stays(held, holder, application):
    application(takes=1, answer=False)
    held.doubt()
    await asyncio.sleep(0.5)
    application(answer=True)
    held.doubt()
    await asyncio.sleep(10)
    assert holder.ends == []


@pytest.mark.parametrize(
    ("failure", "trace"), [(OperationalError("away"), False), (KeyError("a fault"), True)]
)
async def test_a_check_that_fails_is_repeated_and_the_right_outlasts_it(
    held, holder, application, caplog, failure, trace
):
    application(answer=failure)
    held.doubt()
    await asyncio.sleep(GRACE / 2)
    assert holder.ends == []
    assert len(RightStream.asked) == pytest.approx(2 + GRACE / 2 / RETRY, abs=1)
    assert "right not checked" in caplog.text and "stream=right.1" in caplog.text
    lines = [one for one in caplog.records if one.getMessage().startswith("right not checked")]
    assert {one.exc_info is not None for one in lines} == {trace}
    application(answer=True)
    await asyncio.sleep(GRACE)
    assert holder.ends == []


async def test_after_the_grace_a_right_that_nobody_could_check_ends(held, holder, application):
    application(answer=OperationalError("away"))
    began = elapsed()
    held.doubt()
    await asyncio.sleep(2 * GRACE)
    ((_, reason, at),) = holder.ends
    assert reason == UNCHECKED
    assert at - began == pytest.approx(GRACE, abs=0.1)


async def test_a_check_that_hangs_counts_as_failed(held, holder, application, caplog):
    application(takes=1e5)
    held.doubt()
    await asyncio.sleep(8)
    assert "right not checked" in caplog.text and "TimeoutError" in caplog.text
    await asyncio.sleep(GRACE)
    assert [reason for _, reason, _ in holder.ends] == [UNCHECKED]


async def test_a_right_that_has_ended_is_asked_for_no_more(held, holder, application):
    application(takes=1, answer=False)
    held.doubt()
    await asyncio.sleep(0.5)
    held.end()
    held.doubt()
    await asyncio.sleep(1000)
    assert len(RightStream.asked) == 2
    assert holder.ends == []


async def test_what_an_object_remembers_does_not_count_later(client, holder, application):
    asked = []

    async def authorize(self, user):
        asked.append(self)
        return True

    application(authorize=authorize)
    stream = RightStream("right.1")
    right = Authorization(client.socket, stream, holder)
    await right.ask(elapsed() + 2000)
    for _ in range(2):
        right.doubt()
        await settle()
    assert asked[0] is stream  # Whose snapshot may use what its authorize has found.
    assert len({id(one) for one in asked}) == 3


async def test_of_a_user_who_is_gone_nobody_is_asked(held, holder, monkeypatch):
    async def gone(login: Login):
        raise SignedOut(login.me)

    monkeypatch.setattr("realtime.subscriptions.authorization.current_user", gone)
    held.doubt()
    await asyncio.sleep(60)
    assert len(RightStream.asked) == 1
    assert holder.ends == []  # The socket is ended, and with it all of its subscriptions.

"""The user as the stores have them now: how often they are asked, and what follows."""

import asyncio
from types import SimpleNamespace

import pytest

from realtime.access import current_user
from realtime.access.current_user import READ_WITHIN, Verifier
from realtime.access.login import FRESH
from realtime.access.user_sockets import sign_out
from realtime.access.verification import GONE
from realtime.exceptions import SignedOut
from tests.realtime.access.open_socket import OpenSocket
from tests.realtime.access.stores import Stores
from tests.virtual_time import elapsed


@pytest.fixture
async def stores():
    return Stores()


@pytest.fixture
async def verifier(stores, monkeypatch):
    monkeypatch.setattr(current_user, "is_verified_together", lambda login: True)
    return Verifier(stores.verify)


async def later():
    """Let what was answered grow old."""
    await asyncio.sleep(FRESH + 0.01)


async def test_what_a_sign_in_found_counts_for_a_second(verifier, stores):
    socket = OpenSocket(1, "a", verified_at=asyncio.get_running_loop().time())
    await asyncio.sleep(FRESH - 0.01)
    assert (await verifier.current_user(socket.login)).pk == 1
    assert stores.reads == []
    await later()
    assert (await verifier.current_user(socket.login)).pk == 1
    assert stores.reads == [["a"]]


async def test_each_caller_gets_an_object_that_nobody_else_has(verifier, stores):
    login = OpenSocket(1, "a").login
    first, second = await verifier.current_user(login), await verifier.current_user(login)
    first._perm_cache = {"all"}
    assert not hasattr(second, "_perm_cache")
    assert not hasattr(await verifier.current_user(login), "_perm_cache")


async def test_the_answer_is_the_users_present_state(verifier, stores):
    login = OpenSocket(1, "a").login
    stores.outcomes["a"] = SimpleNamespace(pk=1, name="renamed")
    assert (await verifier.current_user(login)).name == "renamed"


async def test_after_a_doubt_no_earlier_answer_counts(verifier, stores):
    login = OpenSocket(1, "a").login
    await verifier.current_user(login)
    stores.outcomes["a"] = SimpleNamespace(pk=1, is_staff=False)
    login.doubt(asyncio.get_running_loop().time())
    assert (await verifier.current_user(login)).is_staff is False
    assert stores.reads == [["a"]] * 2


async def test_nor_does_one_whose_question_was_asked_before_it(verifier, stores):
    stores.seconds = 0.5
    login = OpenSocket(1, "a").login
    early = asyncio.create_task(verifier.current_user(login))
    await asyncio.sleep(0.2)
    login.doubt(asyncio.get_running_loop().time())
    await early
    await verifier.current_user(login)
    assert stores.reads == [["a"]] * 2
    await verifier.current_user(login)
    assert len(stores.reads) == 2


async def test_all_sockets_of_a_login_share_an_answer(verifier, stores):
    first, second, other = OpenSocket(1, "a"), OpenSocket(1, "a"), OpenSocket(1, "b")
    await verifier.current_user(first.login)
    await verifier.current_user(second.login)
    assert stores.reads == [["a"]]
    await verifier.current_user(other.login)
    assert stores.reads == [["a"], ["b"]]


async def test_those_that_come_during_a_read_wait_for_the_next_together(verifier, stores):
    stores.seconds = 1.0
    sockets = [OpenSocket(number, f"s{number}") for number in range(100)]
    asking = []
    for socket in sockets:
        asking.append(asyncio.create_task(verifier.current_user(socket.login)))
        await asyncio.sleep(0)
    await asyncio.gather(*asking)
    assert [len(read) for read in stores.reads] == [1, 99]
    assert elapsed() < 2.1


async def test_one_that_is_gone_is_refused_and_its_sockets_end(verifier, stores):
    first, second, other = OpenSocket(1, "a"), OpenSocket(1, "a"), OpenSocket(1, "b")
    stores.outcomes["a"] = GONE
    with pytest.raises(SignedOut):
        await verifier.current_user(first.login)
    assert [socket.end for socket in (first, second, other)] == [4504, 4504, None]


async def test_one_whose_socket_has_ended_is_refused_too(verifier, stores):
    socket = OpenSocket(1, "a")
    socket.close(4408)
    stores.outcomes["a"] = GONE
    with pytest.raises(SignedOut):
        await verifier.current_user(socket.login)


async def test_what_was_true_a_moment_ago_counts_no_more_after_the_end(verifier, stores):
    socket = OpenSocket(1, "a")
    await verifier.current_user(socket.login)
    sign_out([socket])
    assert socket.end == 4504
    with pytest.raises(SignedOut):
        await verifier.current_user(socket.login)
    assert stores.reads == [["a"]]


async def test_what_the_stores_raise_is_the_callers_and_ends_nothing(verifier, stores):
    socket = OpenSocket(1, "a")
    stores.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await verifier.current_user(socket.login)
    assert socket.end is None
    stores.error = None
    assert (await verifier.current_user(socket.login)).pk == 1


async def test_an_error_of_one_login_is_not_the_others(verifier, stores):
    first, second = OpenSocket(1, "a"), OpenSocket(2, "b")
    stores.outcomes["a"] = ConnectionError("away")
    found = await asyncio.gather(
        verifier.current_user(first.login),
        verifier.current_user(second.login),
        return_exceptions=True,
    )
    assert isinstance(found[0], ConnectionError) and found[1].pk == 2


async def test_a_read_that_hangs_is_given_up_and_the_next_begins(verifier, stores):
    first, second = OpenSocket(1, "a"), OpenSocket(2, "b")
    stores.seconds = 3600
    hanging = asyncio.create_task(verifier.current_user(first.login))
    await asyncio.sleep(1)
    stores.seconds = 0
    assert (await verifier.current_user(second.login)).pk == 2
    assert elapsed() == pytest.approx(READ_WITHIN)
    with pytest.raises(TimeoutError):
        await hanging


async def test_a_caller_that_gives_up_harms_no_other(verifier, stores):
    socket = OpenSocket(1, "a")
    stores.seconds = 5.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await verifier.current_user(socket.login)
    assert (await verifier.current_user(socket.login)).pk == 1


async def test_a_user_of_a_projects_own_making_is_left_alone(verifier, stores):
    login = OpenSocket(1).login
    assert await verifier.current_user(login) is login.user
    assert stores.reads == []


async def test_a_login_that_costs_a_request_of_its_own_does_not_hold_up_others(
    verifier, stores, monkeypatch
):
    alone = OpenSocket(1, "alone")
    monkeypatch.setattr(
        current_user, "is_verified_together", lambda login: login is not alone.login
    )
    stores.seconds = 10.0
    slow = asyncio.create_task(verifier.current_user(alone.login))
    await asyncio.sleep(1)
    stores.seconds = 0.0
    await verifier.current_user(OpenSocket(2, "b").login)
    assert elapsed() < 2 and not slow.done()
    await slow

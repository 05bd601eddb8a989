"""When the stores are asked again about all who are here, and what follows from their answers."""

import asyncio

import pytest

from realtime.access import recheck as module
from realtime.access.current_user import BATCH_SIZE, Verifier
from realtime.access.recheck import GRACE, Recheck
from realtime.access.verification import GONE
from tests.realtime.access.open_socket import OpenSocket
from tests.realtime.access.stores import Stores
from tests.virtual_time import elapsed, settle


@pytest.fixture
async def stores():
    return Stores()


@pytest.fixture
async def recheck(stores, settings, monkeypatch):
    settings.REALTIME = {**settings.REALTIME, "RECHECK": 10, "MAX_SOCKETS_PER_USER": 10_000}
    monkeypatch.setattr(module, "is_verified_together", lambda login: True)
    return Recheck(Verifier(stores.verify))


async def test_all_are_asked_about_now_and_then(recheck, stores):
    for number in (1, 2):
        OpenSocket(number, f"s{number}")
    await asyncio.sleep(60)
    assert 5 <= len(stores.reads) <= 7
    assert all(sorted(read) == ["s1", "s2"] for read in stores.reads)


async def test_two_processes_do_not_ask_together(recheck, stores, monkeypatch):
    OpenSocket(1, "a")
    times = []

    async def verify(logins):
        times.append(elapsed())
        return [login.user for login in logins]

    for _ in range(20):
        Recheck(Verifier(verify))
    await asyncio.sleep(12)
    assert len(times) == 20 and all(8 <= at <= 12 for at in times)
    assert max(times) - min(times) > 1


async def test_sockets_of_the_same_login_are_one_question(recheck, stores):
    for _ in range(5):
        OpenSocket(1, "a")
    OpenSocket(1, "b")
    await asyncio.sleep(12)
    assert [sorted(read) for read in stores.reads] == [["a", "b"]]


async def test_where_nobody_is_nothing_is_asked(recheck, stores):
    await asyncio.sleep(100)
    assert stores.reads == []


async def test_who_is_gone_is_signed_out(recheck, stores):
    first, second, other = OpenSocket(1, "a"), OpenSocket(1, "a"), OpenSocket(2, "b")
    stores.outcomes["a"] = GONE
    await asyncio.sleep(12.1)
    assert [socket.end for socket in (first, second, other)] == [4504, 4504, None]


async def test_a_hint_is_followed_immediately_and_about_nobody_else(recheck, stores):
    OpenSocket(1, "a"), OpenSocket(2, "b")
    recheck.soon(["user.1", "user.77"])
    await settle()
    assert stores.reads == [["a"]]


async def test_hints_about_strangers_ask_nothing(recheck, stores):
    OpenSocket(1, "a")
    recheck.soon(["user.2"])
    await settle()
    assert stores.reads == []


async def test_hints_during_a_check_are_followed_after_it_together(recheck, stores):
    for number in range(1, 5):
        OpenSocket(number, f"s{number}")
    stores.seconds = 1.0
    for number in range(1, 5):
        recheck.soon([f"user.{number}"])
        await settle()
    await asyncio.sleep(3)
    assert [sorted(read) for read in stores.reads] == [["s1"], ["s2", "s3", "s4"]]


async def test_hints_during_a_long_check_do_not_wait_for_its_end(recheck, stores):
    for number in range(1, 2 * BATCH_SIZE + 1):
        OpenSocket(number, f"s{number}")
    stores.seconds = 1.0
    recheck.all_soon()
    await settle()
    recheck.soon(["user.1"])
    await asyncio.sleep(4)
    assert [len(read) for read in stores.reads] == [BATCH_SIZE, 1, BATCH_SIZE]


async def test_hints_do_not_put_the_regular_check_off(recheck, stores):
    OpenSocket(1, "a"), OpenSocket(2, "b")
    for _ in range(13):
        recheck.soon(["user.1"])
        await asyncio.sleep(1)
    assert sum("b" in read for read in stores.reads) == 1


async def test_after_the_layer_was_away_all_are_asked_about(recheck, stores):
    OpenSocket(1, "a"), OpenSocket(2, "b")
    recheck.all_soon()
    await settle()
    assert [sorted(read) for read in stores.reads] == [["a", "b"]]


async def test_thousands_are_asked_about_in_slices(recheck, stores):
    for number in range(2 * BATCH_SIZE + 1):
        OpenSocket(number, f"s{number}")
    await asyncio.sleep(12)
    assert [len(read) for read in stores.reads] == [BATCH_SIZE, BATCH_SIZE, 1]


async def test_a_check_that_fails_is_no_withdrawal_for_a_while(recheck, stores, caplog):
    now = asyncio.get_running_loop().time()
    socket = OpenSocket(1, "a", verified_at=now)
    stores.error = ConnectionError("away")
    await asyncio.sleep(GRACE)
    assert socket.end is None
    assert "re-check failed logins=1 error=ConnectionError('away')" in caplog.text
    await asyncio.sleep(13)
    kind, after = socket.end
    assert kind == "drained" and 0 <= after <= 10_000


async def test_an_answer_in_between_begins_another_grace(recheck, stores):
    socket = OpenSocket(1, "a", verified_at=asyncio.get_running_loop().time())
    for _ in range(3):
        stores.error = ConnectionError("away")
        await asyncio.sleep(GRACE - 20)
        stores.error = None
        await asyncio.sleep(15)
    assert socket.end is None


async def test_only_those_wait_whose_own_store_fails(recheck, stores):
    now = asyncio.get_running_loop().time()
    first, second = (OpenSocket(number, f"s{number}", verified_at=now) for number in (1, 2))
    stores.outcomes["s1"] = ConnectionError("away")
    await asyncio.sleep(GRACE + 13)
    assert first.end[0] == "drained" and second.end is None


async def test_a_fault_does_not_end_the_checks(recheck, stores, monkeypatch, caplog):
    OpenSocket(1, "a")
    with monkeypatch.context() as broken:
        broken.setattr(module, "is_verified_together", None)
        await asyncio.sleep(12)
    assert "TypeError" in caplog.text
    await asyncio.sleep(13)
    assert stores.reads


async def test_users_of_a_projects_own_making_are_left_alone(recheck, stores):
    OpenSocket(1)
    recheck.soon(["user.1"])
    await asyncio.sleep(30)
    assert stores.reads == []

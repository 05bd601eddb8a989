import asyncio
import functools
import threading

import pytest

from realtime.threads import call, call_application

pytestmark = pytest.mark.django_db(transaction=True)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorated
async def refuse(number):
    return False


async def double(number):
    return 2 * number


async def test_async_and_sync_functions_and_what_looks_like_one():
    assert await call(double, 2) == 4
    assert await call(lambda number: 3 * number, 2) == 6
    assert await call(refuse, 2) is False


async def test_an_application_that_sleeps_delays_no_one_else():
    awake = threading.Event()
    sleeping = [asyncio.ensure_future(call_application(awake.wait, 5)) for _ in range(8)]
    await asyncio.wait_for(call(threading.get_ident), 2)
    assert not any(one.done() for one in sleeping)
    awake.set()
    assert all(await asyncio.gather(*sleeping))

import asyncio

from tests.virtual_time import VirtualTimeLoop

IN_VIRTUAL_TIME = {"test_admission", "test_allowances"}
"""Files whose tests have nothing to do with threads, in which the others sign in."""


def pytest_asyncio_loop_factories(item):
    is_virtual = item.path.stem in IN_VIRTUAL_TIME
    return {"virtual": VirtualTimeLoop} if is_virtual else {"real": asyncio.SelectorEventLoop}

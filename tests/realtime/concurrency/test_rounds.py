"""The end of a round: when it comes, and who may bring it."""

import asyncio

from realtime.concurrency.rounds import running_round


async def test_the_end_comes_once_all_that_was_ready_has_run():
    done, loop = [], asyncio.get_running_loop()
    loop.call_soon(running_round().ends_with, lambda: done.append("end"))
    loop.call_soon(done.append, "ready too")
    await asyncio.sleep(0)
    assert done == ["ready too"]
    await asyncio.sleep(0)
    assert done == ["ready too", "end"]


async def test_one_who_holds_the_round_ends_it():
    done, current = [], running_round()
    current.ends_with(lambda: done.append("from before"))
    current.hold()
    current.ends_with(lambda: done.append("own"))
    assert not done
    current.release()
    assert done == ["from before", "own"]
    current.ends_with(lambda: done.append("later"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == ["from before", "own", "later"]


async def test_a_call_that_fails_is_logged_and_the_others_come(caplog):
    done, current = [], running_round()

    def fail():
        raise OSError("gone")

    current.hold()
    current.ends_with(fail)
    current.ends_with(lambda: done.append("other"))
    current.release()
    assert done == ["other"]
    assert "gone" in caplog.text

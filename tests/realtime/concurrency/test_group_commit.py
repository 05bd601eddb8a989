"""Group commit: who waits, who leads, and what becomes of those whose leader fails or dies."""

import asyncio
import os
import threading

import pytest

from realtime.concurrency.group_commit import GroupCommit, GroupCommitInLoop
from tests.processes.waiting import wait_until


class Own(Exception):
    """An error that may be the fault of one item."""


def follow(_):
    """What follows for most items."""


def follow_too(_):
    """What follows for the others."""


class Work:
    """Does rounds; the first stands still until it may end."""

    def __init__(self, patience=60):
        self.rounds = []
        self.may_end = threading.Event()
        self.errors = {}
        self.commit = GroupCommit(self.together, Own, patience)
        self.results = {}
        self.threads = []

    def together(self, items, again):
        self.rounds.append((list(items), again))
        if items == ["first"]:
            self.may_end.wait(60)
        for item in items:
            if item in self.errors:
                raise self.errors[item]

    def start(self, *items, then=follow):
        """Have a thread join for each item, each when the one before it waits or works."""
        for item in items:
            before = len(self.commit._waiting), len(self.rounds)
            thread = threading.Thread(target=self.join, args=(item, then), daemon=True)
            thread.start()
            self.threads.append(thread)
            wait_until(lambda b=before: (len(self.commit._waiting), len(self.rounds)) != b, 5, "")

    def join(self, item, then):
        try:
            self.commit.join(item, then)
            self.results[item] = "done"
        except BaseException as error:
            self.results[item] = error

    def end(self):
        self.may_end.set()
        for thread in self.threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in self.threads)


def test_those_who_come_during_a_round_share_the_next_one():
    work = Work()
    work.start("first", "a", "b", "c")
    work.end()
    assert work.rounds == [(["first"], False), (["a", "b", "c"], False)]
    assert work.results == dict.fromkeys(["first", "a", "b", "c"], "done")


def test_a_round_has_only_items_that_the_same_follows():
    work = Work()
    work.start("first", "a")
    work.start("x", then=follow_too)
    work.start("b")
    work.end()
    assert work.rounds[1:] == [(["a", "b"], False), (["x"], False)]


def test_after_an_error_of_one_item_each_is_done_alone():
    work = Work()
    work.errors["b"] = Own("b")
    work.start("first", "a", "b", "c")
    work.end()
    assert sorted(work.rounds[2:]) == [([name], True) for name in "abc"]
    assert {name: work.results[name] for name in "abc"} == {
        "a": "done",
        "b": work.errors["b"],
        "c": "done",
    }


def test_any_other_error_is_raised_in_each_thread():
    work = Work()
    work.errors["b"] = error = ConnectionError("away")
    work.start("first", "a", "b")
    work.end()
    assert len(work.rounds) == 2
    assert work.results == {"first": "done", "a": error, "b": error}


def test_a_leader_that_is_killed_leaves_nobody_waiting():
    work = Work()
    work.errors["a"] = SystemExit()
    work.start("first", "a", "b")
    work.end()
    assert work.results == {"first": "done", "a": work.errors["a"], "b": "done"}
    assert work.rounds[-1] == (["b"], True), "it may have been done already"
    work.start("later")
    work.end()
    assert work.results["later"] == "done"


def test_a_thread_that_waits_too_long_goes_on_alone():
    work = Work(patience=0.05)
    work.start("first")
    work.commit.join("impatient", follow)
    assert work.rounds == [(["first"], False), (["impatient"], False)]
    work.end()
    assert len(work.rounds) == 2, "nobody does it a second time"


def test_what_a_round_publishes_itself_waits_for_nobody():
    rounds = []

    def together(items, again):
        rounds.append(items)
        if items == ["outer"]:
            commit.join("inner", follow)

    commit = GroupCommit(together, Own, 60)
    commit.join("outer", follow)
    assert rounds == [["outer"], ["inner"]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
def test_a_forked_child_waits_for_no_thread_of_its_parent():
    work = Work()
    work.start("first")
    child = os.fork()
    if not child:
        work.join("in the child", follow)
        os._exit(work.results["in the child"] != "done")
    assert os.waitpid(child, 0)[1] == 0
    work.end()


async def follow_in_loop(_):
    """What follows for tasks."""


class LoopWork:
    def __init__(self):
        self.rounds = []
        self.errors = {}
        self.commit = GroupCommitInLoop(self.together, Own)

    async def together(self, items, again):
        self.rounds.append((list(items), again))
        await asyncio.sleep(0)
        for item in items:
            if item in self.errors:
                raise self.errors[item]

    async def join(self, *items):
        joining = (self.commit.join(item, follow_in_loop) for item in items)
        return await asyncio.gather(*joining, return_exceptions=True)


async def test_tasks_of_one_moment_share_a_round():
    work = LoopWork()
    assert await work.join("a", "b") == [None, None]
    assert await work.join("c") == [None]
    assert work.rounds == [(["a", "b"], False), (["c"], False)]


async def test_errors_of_tasks_are_as_those_of_threads():
    work = LoopWork()
    work.errors = {"b": Own("b"), "z": ConnectionError("away")}
    assert await work.join("a", "b", "c") == [None, work.errors["b"], None]
    assert work.rounds[1:] == [([name], True) for name in "abc"]
    assert await work.join("y", "z") == [work.errors["z"]] * 2


async def test_a_task_that_is_cancelled_stops_nobody_else():
    work = LoopWork()
    one, two = (
        asyncio.ensure_future(work.commit.join(name, follow_in_loop)) for name in ("one", "two")
    )
    await asyncio.sleep(0)
    one.cancel()
    await two
    assert work.rounds == [(["one", "two"], False)]

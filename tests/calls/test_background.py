"""Loops run again and again, sooner when they are woken, and after failures."""

import threading

import pytest

from calls import background
from calls.background import Loop, run_once

pytestmark = pytest.mark.django_db  # Between two runs a loop looks after its connections.


def broken() -> None:
    raise OSError("The line is cut.")


def test_a_loop_says_when_it_runs_again() -> None:
    assert run_once(Loop("test", 5.0, lambda: None)) == (5.0, 0)
    assert run_once(Loop("test", 5.0, lambda: 0.25)) == (0.25, 0)
    assert run_once(Loop("test", 5.0, lambda: 60.0)) == (5.0, 0)
    assert run_once(Loop("test", 5.0, lambda: -1.0)) == (0.0, 0)


def test_a_loop_that_fails_is_logged_and_runs_again_after_a_growing_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop, failures, pauses = Loop("test", 0.25, broken), 0, []
    for _ in range(7):
        pause, failures = run_once(loop, failures)
        pauses.append(pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert "background failed loop=test again_in=1" in caplog.text
    assert "The line is cut." in caplog.text
    assert run_once(Loop("test", 0.25, lambda: None), failures) == (0.25, 0)


def test_a_loop_runs_in_a_thread_and_when_it_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Semaphore(0)
    monkeypatch.setattr(background, "loops", {})
    background.add("test-woken", 3600.0, ran.release)
    background.wake("test-woken")  # It doesn't run yet, as in a management command.
    background.start()
    assert ran.acquire(timeout=5)
    background.start()  # Once a process.
    background.wake("test-woken")
    assert ran.acquire(timeout=5)


def test_the_loops_of_the_site() -> None:
    assert {"simulator", "reconciliation"} <= set(background.loops)

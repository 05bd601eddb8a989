"""Lives that were over a moment ago are found by their streams, and not for longer."""

import pytest

from realtime.recorder import remembered
from realtime.recorder.base import Following, Life
from realtime.recorder.remembered import REMEMBER, RememberedLives


def life(socket, *streams):
    followings = [Following(stream, "e", 0.0, 0, 0, 0) for stream in streams]
    return Life(socket, "process", None, "", 0.0, 1.0, followings=followings)


@pytest.fixture
def lives():
    return RememberedLives()


def test_a_life_is_found_by_each_of_its_streams(lives):
    one, other = life("1", "a", "b"), life("2", "b", "b")
    lives.add(one, now=0)
    lives.add(other, now=1)
    assert list(lives.of("a", now=1)) == [one]
    assert list(lives.of("b", now=1)) == [one, other]
    assert list(lives.all(now=1)) == [one, other]


def test_a_life_is_forgotten_after_its_time(lives):
    one, other = life("1", "a"), life("2", "a")
    lives.add(one, now=0)
    lives.add(other, now=1)
    assert list(lives.of("a", now=REMEMBER + 0.5)) == [other]
    assert list(lives.all(now=REMEMBER + 2)) == list(lives.of("a", now=REMEMBER + 2)) == []


def test_of_too_many_the_oldest_are_forgotten(lives, monkeypatch):
    monkeypatch.setattr(remembered, "MAX_REMEMBERED", 2)
    for socket in "123":
        lives.add(life(socket, "a"), now=0)
    assert [one.socket for one in lives.of("a", now=0)] == ["2", "3"]

from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from realtime import streams
from realtime.concurrency.threads import nonblocking
from realtime.streams import (
    Refused,
    Stream,
    UserStream,
    find,
    register,
    renewed,
    sign_stream,
)


@pytest.mark.parametrize("every", [0, -1, float("inf"), float("nan"), True, "60"])
def test_the_time_between_two_checks_is_a_number_or_none(every):
    wrong = type("Wrong", (Stream,), {"reauthorize_every": every})
    with pytest.raises(ValueError, match=r"Wrong\.reauthorize_every is a number of seconds"):
        register("wrong", wrong)
    assert find("wrong.1") is None


def test_a_user_may_follow_only_the_own_stream():
    alice, bob = get_user_model()(pk=42), get_user_model()(pk=4)
    assert UserStream("user.42").authorize(alice)
    assert not UserStream("user.42").authorize(bob)
    assert not UserStream("user.4.2").authorize(bob)


def test_a_stream_says_no_unless_its_class_says_otherwise():
    stream = Stream("anything.1")
    assert not stream.authorize(object())
    assert stream.snapshot(object()) is None
    with pytest.raises(Refused, match=r"anything\.1 takes no messages"):
        stream.receive(object(), "n", None)


def test_a_prefix_finds_its_class_and_the_key(monkeypatch):
    monkeypatch.setattr("realtime.streams._registered", {})

    @register("board")
    class Board(Stream):
        pass

    class Desk(Stream):
        pass

    register("desk", Desk)
    assert type(find("board.7.a")) is Board
    assert find("board.7.a").key == "7.a"
    assert type(find("desk")) is Desk
    assert find("other.7") is None
    register("board", Board)
    with pytest.raises(ValueError, match="taken by"):
        register("board", Desk)
    for prefix in ("", "a.b", "ü"):
        with pytest.raises(ValueError, match="A prefix is"):
            register(prefix, Desk)


def test_a_users_class_serves_the_escaped_names_too(monkeypatch):
    monkeypatch.setattr("realtime.streams._registered", {"user": UserStream})

    class Mine(UserStream):
        pass

    register("user", Mine)
    alice = get_user_model()(pk="alice@example.com")
    for name in ("user.42", "user-.alice-40example-2Ecom"):
        assert type(find(name)) is Mine
        assert find(name).authorize(get_user_model()(pk=42)) == (name == "user.42")
        assert find(name).authorize(alice) == (name != "user.42")
    with pytest.raises(ValueError, match="goes with 'user'"):
        register("user-", Mine)


# Signed names


class Hall(Stream):
    """Nobody may follow it, unless by a signed name."""

    @nonblocking
    def snapshot(self, user):
        return {"hall": self.key}


@pytest.fixture
def hall(monkeypatch):
    monkeypatch.setitem(streams._registered, "hall", Hall)


def test_a_signed_name_finds_the_stream_and_its_snapshot(hall):
    stream = find(sign_stream("hall.7"))
    assert isinstance(stream, Hall)
    assert (stream.name, stream.key) == ("hall.7", "7")
    assert stream.snapshot(None) == {"hall": "7"}


def test_it_decides_instead_of_authorize(hall):
    alice, bob = get_user_model()(pk=1), get_user_model()(pk=2)
    assert not find("hall.7").authorize(alice)
    bound = find(sign_stream("hall.7", user=alice))
    assert bound.authorize(alice) and not bound.authorize(bob)
    assert not find("hall.7~~~forged").authorize(alice)
    own = find(sign_stream(alice))
    assert own.name == "user.1" and own.authorize(bob)


def test_a_prefix_that_no_class_serves_can_be_signed():
    stream = find(sign_stream("nobody-serves-it.7"))
    assert stream.authorize(SimpleNamespace(pk=1)) and stream.snapshot(None) is None


def test_it_is_good_for_following_and_not_for_sending(hall):
    with pytest.raises(Refused, match=r"follow hall\.7, and not to send"):
        find(sign_stream("hall.7")).receive(None, "open", {})


def test_a_new_object_of_the_stream_has_the_same_signature(hall):
    stream = find(sign_stream("hall.7"))
    again = renewed(stream)
    assert again is not stream and again.authorize(SimpleNamespace(pk=1))
    assert type(renewed(find("hall.7"))) is Hall


@pytest.mark.parametrize("wrong", ["room 7", "", "a~b", get_user_model()()])
def test_what_is_no_stream_is_not_signed(wrong):
    with pytest.raises(ValueError):
        sign_stream(wrong)


@pytest.mark.parametrize("wrong", [SimpleNamespace(pk=1), 7, None])
def test_what_is_no_user_is_not_taken_for_one(wrong):
    with pytest.raises(TypeError, match="Name a stream, or a user"):
        sign_stream(wrong)

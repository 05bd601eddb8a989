import pytest
from django.contrib.auth import get_user_model

from realtime.streams import Refused, Stream, UserStream, find, register


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

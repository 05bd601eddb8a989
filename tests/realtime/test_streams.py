from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from realtime.concurrency.threads import nonblocking
from realtime.eventlog.retention import Retention, retention_of
from realtime.streams import Mode, Refused, Stream, UserStream, register, sign_stream
from realtime.streams.registry import _registered, find, renewed


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
    monkeypatch.setattr("realtime.streams.registry._registered", {})

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
    monkeypatch.setattr("realtime.streams.registry._registered", {"user": UserStream})

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


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr("realtime.streams.registry._registered", {"user": UserStream})
    monkeypatch.setattr("realtime.eventlog.retention._own", {})


def test_what_a_class_keeps_holds_for_its_streams(registry):
    register("room", type("Room", (Stream,), {"retention": {"COUNT": 5, "AGE": 60}}))
    register("seat", type("Seat", (Stream,), {"mode": Mode.CACHE, "retention": {"AGE": 60}}))
    register("user", type("Mine", (UserStream,), {"retention": {"COUNT": 7}}))
    default = retention_of("other.1")
    assert retention_of("room.1") == Retention(5, 60)
    assert retention_of("seat.1") == Retention(1, 60)
    assert retention_of("user.1") == retention_of("user-.a-40b") == Retention(7, default.max_age)
    register("user", type("Later", (find("user.1").__class__,), {"retention": None}))
    assert retention_of("user.1") == default


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"retention": 7}, "Room.retention is a dict of COUNT and AGE, not 7."),
        ({"retention": {"COUNT": 0}}, "Room.retention['COUNT'] must be a number above 0, not 0."),
        ({"mode": "newest"}, "Room.mode is one of log, cache, not 'newest'."),
        (
            {"mode": "cache", "retention": {"COUNT": 2}},
            "Room.retention has no COUNT but 1: it keeps the newest event.",
        ),
        ({"fields": "author"}, "Room.fields is a tuple of names, not 'author'."),
    ],
)
def test_an_attribute_that_makes_no_sense_is_named(registry, attributes, sentence):
    with pytest.raises(ValueError) as error:
        register("room", type("Room", (Stream,), attributes))
    assert str(error.value) == sentence
    assert find("room.1") is None


def test_an_instance_knows_whom_it_serves(registry):
    assert find("user.1").socket is None
    served = find("user.1", "e92f8876f50e", {"page": 7})
    assert (served.socket, served.given) == ("e92f8876f50e", {"page": 7})
    assert find("user.1").given == {}


# Signed names


class Hall(Stream):
    """Nobody may follow it, unless by a signed name."""

    @nonblocking
    def snapshot(self, user):
        return {"hall": self.key}


@pytest.fixture
def hall(monkeypatch):
    monkeypatch.setitem(_registered, "hall", Hall)


def test_a_signed_name_finds_the_stream_and_its_snapshot(hall):
    stream = find(sign_stream("hall.7"))
    assert isinstance(stream, Hall)
    assert (stream.name, stream.key) == ("hall.7", "7")
    assert stream.snapshot(None) == {"hall": "7"}


def test_a_name_without_a_dot_has_its_class_too(hall):
    stream = find(sign_stream("hall"))
    assert isinstance(stream, Hall) and stream.name == "hall"


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

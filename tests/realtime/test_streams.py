import pytest
from django.contrib.auth import get_user_model

from realtime.eventlog.retention import Retention, retention_of
from realtime.streams import Mode, Refused, Stream, UserStream, find, register


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


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr("realtime.streams._registered", {"user": UserStream})
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

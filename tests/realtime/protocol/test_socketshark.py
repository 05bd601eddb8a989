"""SocketShark's frames and ours: what each side gets for what the other sends."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.reading import decode
from realtime.protocol.socketshark import Translator

BOOK = "books.book_1"
NOW = 1_769_100_000.5


@pytest.fixture
def translator():
    return Translator({BOOK: ("author_id",), "plain.1": ()}.get)


@pytest.fixture
def client(translator):
    """Send a frame as the client; return what the server gets, and what the client gets."""

    def client(frame):
        outcome = translator.from_client(frame if isinstance(frame, str) else json.dumps(frame))
        for text in outcome.to_server:
            if "authenticate" not in text:
                decode(text, 65536)  # It is a frame that a server takes.
        return [json.loads(text) for text in outcome.to_server + outcome.to_client]

    return client


@pytest.fixture
def server(translator):
    def server(frame):
        outcome = translator.from_server(json.dumps(frame), NOW)
        return [json.loads(text) for text in outcome.to_server + outcome.to_client]

    return server


def subscribe(client, server, **more):
    [asked] = client({"event": "subscribe", "subscription": BOOK, **more})
    return server({"type": "subscribed", "ref": asked["ref"], "stream": BOOK})


def test_subscribe(client, server):
    [asked] = client({"event": "subscribe", "subscription": BOOK})
    assert asked == {"type": "subscribe", "ref": 1, "stream": BOOK}
    answer = {"type": "subscribed", "ref": 1, "stream": BOOK, "epoch": "e", "offset": 3}
    assert server(answer) == [{"event": "subscribe", "subscription": BOOK, "status": "ok"}]


def test_a_snapshot_is_the_data_of_the_answer(client, server):
    client({"event": "subscribe", "subscription": BOOK})
    [ok] = server({"type": "subscribed", "ref": 1, "stream": BOOK, "snapshot": {"title": "T"}})
    assert ok["data"] == {"title": "T"}


def test_fields_that_the_class_names_go_with_all_that_is_said(client, server):
    [asked] = client(
        {"event": "subscribe", "subscription": BOOK, "author_id": "a1", "colour": "red"}
    )
    assert asked["extra"] == {"author_id": "a1"}
    about = {"subscription": BOOK, "author_id": "a1"}
    [ok] = server({"type": "subscribed", "ref": 1, "stream": BOOK})
    assert ok == {"event": "subscribe", "status": "ok", **about}
    client({"event": "message", "subscription": BOOK, "data": {}, "author_id": "another"})
    [said] = server({"type": "reply", "ref": 2, "data": {"done": True}})
    assert said == {"event": "message", "status": "ok", "data": {"done": True}, **about}
    client({"event": "message", "subscription": BOOK, "data": {}})
    [refused] = server({"type": "error", "ref": 3, "code": "refused", "message": "Not now."})
    assert refused == {"event": "message", "status": "error", "error": "Not now.", **about}
    client({"event": "unsubscribe", "subscription": BOOK})
    [left] = server({"type": "unsubscribed", "ref": 4, "stream": BOOK, "reason": "asked"})
    assert left == {"event": "unsubscribe", "status": "ok", **about}
    client({"event": "unsubscribe", "subscription": BOOK})
    [gone] = server({"type": "error", "ref": 5, "code": "not_subscribed", "message": "-"})
    assert "author_id" not in gone


def test_a_message_goes_to_receive_and_without_data_nothing_comes_back(client, server):
    subscribe(client, server)
    data = {"action": "update", "title": "New"}
    [sent] = client({"event": "message", "subscription": BOOK, "data": data})
    assert sent == {"type": "send", "ref": 2, "stream": BOOK, "name": "message", "data": data}
    assert server({"type": "reply", "ref": 2, "data": None}) == []


def test_an_event_is_a_message(client, server):
    subscribe(client, server, author_id="a1")
    event = {"type": "event", "stream": BOOK, "offset": 4, "id": "i", "name": "n"}
    event |= {"data": {"title": "T"}, "at": 1_769_100_000_000, "extra": {"author_id": "a1"}}
    assert server(event) == [
        {
            "event": "message",
            "subscription": BOOK,
            "data": {"title": "T"},
            "published_at": "2026-01-22T16:40:00+00:00",
            "sent_at": "2026-01-22T16:40:00.500000+00:00",
            "author_id": "a1",
        }
    ]
    assert server({"type": "skipped", "stream": BOOK, "after": 4, "offset": 9}) == []


def test_who_is_there_is_no_message(client, server):
    subscribe(client, server)
    event = {"type": "event", "stream": BOOK, "offset": 4, "id": "i", "at": 1_769_100_000_000}
    data = {"join": [{"user": "user.1", "meta": {}, "since": 1}]}
    assert server({**event, "name": "realtime.presence", "data": data}) == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("forbidden", "Unauthorized."),
        ("already_subscribed", "Already subscribed."),
        ("unknown_stream", "Invalid service."),
        ("failed", "Unhandled exception."),
        ("internal", "Service unavailable."),
        ("refused", "Our own."),
        ("too_many", "Our own."),
    ],
)
def test_errors_have_the_sentences_that_clients_know(client, server, code, sentence):
    client({"event": "subscribe", "subscription": BOOK, "author_id": "a1"})
    assert server({"type": "error", "ref": 1, "code": code, "message": "Our own."}) == [
        {
            "event": "subscribe",
            "status": "error",
            "error": sentence,
            "subscription": BOOK,
            "author_id": "a1",
        }
    ]


@pytest.mark.parametrize("event", ["subscribe", "message", "unsubscribe"])
@pytest.mark.parametrize(
    ("subscription", "error", "named"),
    [
        (None, "Invalid subscription format.", False),
        ("", "Invalid subscription format.", False),
        (7, "Invalid subscription format.", False),
        ("books", "Invalid subscription format.", True),
        (".book", "Invalid subscription format.", True),
        ("books.", "Invalid subscription format.", True),
        ("books.a b", "Invalid subscription format.", True),
        ("cars.1", "Invalid service.", True),
    ],
)
def test_what_is_no_subscription_is_refused_here(client, event, subscription, error, named):
    answer = {"event": event, "status": "error", "error": error}
    assert client({"event": event, "subscription": subscription}) == [
        {**answer, "subscription": subscription} if named else answer
    ]


def test_a_right_that_has_ended(client, server):
    subscribe(client, server, author_id="a1")
    end = {"type": "unsubscribed", "stream": BOOK, "reason": "forbidden"}
    unauthorized = {"event": "unsubscribe", "subscription": BOOK, "error": "Unauthorized."}
    assert server(end) == [{**unauthorized, "author_id": "a1"}]


def test_a_subscription_that_begins_again_has_the_client_come_back(translator):
    reset = {"type": "reset", "stream": BOOK, "epoch": "e", "offset": 1}
    assert translator.from_server(json.dumps(reset), NOW).close == 1012


def test_a_right_that_could_not_be_checked_has_the_client_come_back(translator):
    end = {"type": "unsubscribed", "stream": BOOK, "reason": "internal"}
    outcome = translator.from_server(json.dumps(end), NOW)
    assert (outcome.to_client, outcome.close) == ([], 1012)


@pytest.mark.parametrize(
    ("data", "repeated"), [("foobar", "foobar"), ("x" * 200, "x" * 128), (7, None), (None, None)]
)
def test_ping(client, data, repeated):
    assert client({"event": "ping", "data": data}) == [{"event": "pong", "data": repeated}]


def test_our_ping_is_answered_for_the_client(server):
    assert server({"type": "ping", "nonce": "9f3c"}) == [{"type": "pong", "nonce": "9f3c"}]


@pytest.mark.parametrize(
    "text", ["{", "[]", "7", "{}", '{"event": 7}', '{"event": "%s"}' % ("x" * 41)]
)
def test_what_is_no_frame(client, text):
    sentence = "Messages must be JSON and contain an event field."
    assert client(text) == [{"status": "error", "error": sentence}]


def test_a_binary_frame_is_none(translator):
    assert "Messages must be JSON" in translator.from_client(None).to_client[0]


def test_an_unknown_event(client):
    assert client({"event": "dance"}) == [
        {"event": "dance", "status": "error", "error": "Event not found."}
    ]


class TestAuth:
    def test_a_ticket_is_the_first_frame_and_welcome_its_answer(self, client, server):
        asked = client({"event": "auth", "method": "ticket", "ticket": "secret"})
        assert asked == [{"type": "authenticate", "ref": 1, "ticket": "secret"}]
        assert server({"type": "welcome", "version": 1}) == [{"event": "auth", "status": "ok"}]

    def test_who_is_signed_in_already_is_right(self, client, server):
        assert server({"type": "welcome", "version": 1}) == []
        ok = [{"event": "auth", "status": "ok"}]
        assert client({"event": "auth", "ticket": "secret"}) == ok

    @pytest.mark.parametrize(
        ("frame", "sentence"),
        [
            ({"method": "password"}, "Authentication method unsupported."),
            ({}, "Must specify ticket."),
            ({"ticket": ""}, "Must specify ticket."),
            ({"ticket": 7}, "Must specify ticket."),
        ],
    )
    def test_what_is_no_ticket(self, client, frame, sentence):
        answer = {"event": "auth", "status": "error", "error": sentence}
        assert client({"event": "auth", **frame}) == [answer]

    @pytest.mark.parametrize(
        "refusal",
        [
            {"type": "error", "ref": 1, "code": "too_late", "message": "No."},
            {"type": "bye", "code": 4501, "reason": "not signed in", "retry": False},
            {"type": "bye", "code": 4401, "reason": "expired", "retry": True},
        ],
    )
    def test_a_ticket_that_is_refused(self, client, server, refusal):
        client({"event": "auth", "ticket": "forged"})
        sentence = {"event": "auth", "status": "error", "error": "Authentication failed."}
        assert server(refusal) == [sentence]

    def test_who_subscribes_without_a_login_learns_why_it_ends(self, client, server):
        client({"event": "subscribe", "subscription": BOOK})
        [answer] = server({"type": "bye", "code": 4501, "reason": "not signed in"})
        assert answer["error"] == "Authentication required."
        assert answer["subscription"] == BOOK

    def test_another_end_is_the_servers_close(self, client, server):
        client({"event": "subscribe", "subscription": BOOK})
        assert server({"type": "bye", "code": 4412, "reason": "restarting"}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.sampled_from(["auth", "subscribe", "message", "unsubscribe", "ping"]) | JSON
FRAMES = st.fixed_dictionaries(
    {"event": EVENTS},
    optional={"subscription": st.sampled_from([BOOK, "plain.1", "x"]) | JSON, "ticket": JSON}
    | {"data": JSON, "author_id": JSON, "method": st.just("ticket") | JSON},
)


@given(st.lists(FRAMES, max_size=5))
def test_whatever_a_client_sends_the_server_gets_sound_frames_or_none(frames):
    translator = Translator({BOOK: ("author_id",), "plain.1": ()}.get)
    for frame in frames:
        outcome = translator.from_client(json.dumps(frame))
        assert len(outcome.to_server) + len(outcome.to_client) == 1
        for text in outcome.to_server:
            assert json.loads(text)["type"] in ("authenticate", "subscribe", "send", "unsubscribe")

from realtime.sockets.asgi import header

SCOPE = {"headers": [(b"host", b"desk.example"), (b"cookie", "a=\xe9".encode("latin1"))]}


def test_a_header_is_found_by_its_name():
    assert header(SCOPE, b"host") == "desk.example"
    assert header(SCOPE, b"cookie") == "a=\xe9"


def test_a_header_that_was_not_sent_is_none():
    assert header(SCOPE, b"origin") is None

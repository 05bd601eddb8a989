from realtime.sockets.asgi import header

SCOPE = {"headers": [(b"host", b"desk.example"), (b"cookie", "a=\xe9".encode("latin1"))]}


def test_a_header_is_found_by_its_name():
    assert header(SCOPE, b"host") == "desk.example"
    assert header(SCOPE, b"cookie") == "a=\xe9"


def test_a_header_that_was_not_sent_is_none():
    assert header(SCOPE, b"origin") is None


def test_a_scope_without_headers_has_none():
    assert header({"type": "websocket"}, b"origin") is None


def test_headers_that_can_be_read_once_only_and_are_not_bytes():
    pairs = [(bytearray(b"host"), memoryview(b"desk.example")), (b"origin", b"http://desk.example")]
    scope = {"headers": iter(pairs)}
    assert header(scope, b"origin") == "http://desk.example"
    assert header(scope, b"host") == "desk.example"

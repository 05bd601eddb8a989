"""Messages are cut into parts, and put together again whole or not at all."""

import pytest

from realtime.layer.postgres_payloads import PART, Joined, part_in, payloads


def taken(joined, parts):
    return [whole for part in parts if (whole := joined.take(part_in(part))) is not None]


@pytest.mark.parametrize("size", [1, PART - 1, PART, PART + 1, 10 * PART])
def test_a_message_comes_whole_in_parts_that_postgresql_takes(size):
    message = bytes(n % 251 for n in range(size))
    parts = payloads("g:" + "x" * 99, 10**18, message)
    assert max(map(len, parts)) < 8000
    assert taken(Joined(), parts) == [message]


def test_parts_of_two_messages_are_not_mixed():
    first, other = payloads("g:a", 1, b"a" * 2 * PART), payloads("g:a", 2, b"b" * 2 * PART)
    assert taken(Joined(), [first[0], other[1]]) == []
    assert taken(Joined(), [first[0], other[0], first[1], other[1]]) == [b"b" * 2 * PART]


def test_a_message_is_left_whose_beginning_or_midst_is_missing():
    parts, whole = payloads("g:a", 1, b"x" * 3 * PART), payloads("g:a", 2, b"{}")
    assert taken(Joined(), [*parts[1:], *whole]) == [b"{}"]
    assert taken(Joined(), [parts[0], parts[2], *whole]) == [b"{}"]


def test_what_came_before_a_cut_is_not_gone_on_with():
    joined, parts = Joined(), payloads("g:a", 1, b"x" * 2 * PART)
    taken(joined, parts[:1])
    joined.forget()
    assert taken(joined, parts[1:]) == []


@pytest.mark.parametrize("payload", [b"", b"no spaces", b"g:a 1 x {}", b"g:\xff 1 0/0 {}"])
def test_what_others_notify_is_an_error(payload):
    with pytest.raises(ValueError):
        Joined().take(part_in(payload))

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.signed_names import (
    MAX_SIGNED_NAME,
    Claims,
    is_signed,
    plain_name,
    read,
    written,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "signed_names.json").read_text())

names = st.from_regex(r"[A-Za-z0-9_.-]{1,80}", fullmatch=True)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["text"])
def test_what_stands_in_a_name(vector):
    claims = read(vector["text"])
    assert (None if claims is None else list(claims)) == vector["claims"]
    assert plain_name(vector["text"]) == vector["plain"]
    assert is_signed(vector["text"]) == ("~" in vector["text"])


@given(names, st.none() | st.integers(0, 2**45), st.none() | names)
def test_what_is_written_is_read_again_and_not_too_long(stream, expires, user):
    claims = Claims(stream, expires, user)
    text = written(claims)
    assert read(text) == claims
    assert len(text) + 1 + 43 <= MAX_SIGNED_NAME


@pytest.mark.parametrize(
    ("claims", "user", "now", "good"),
    [
        (Claims("a"), None, 1e9, True),
        (Claims("a"), "user.1", 1e9, True),
        (Claims("a", 5000), "user.1", 4.999, True),
        (Claims("a", 5000), "user.1", 5.0, False),
        (Claims("a", None, "user.1"), "user.1", 1e9, True),
        (Claims("a", None, "user.1"), "user.2", 1e9, False),
        (Claims("a", None, "user.1"), None, 1e9, False),
        (Claims("a", 5000, "user.1"), "user.1", 6.0, False),
    ],
)
def test_for_whom_and_until_when_it_is_good(claims, user, now, good):
    assert claims.is_good_for(user, now) is good

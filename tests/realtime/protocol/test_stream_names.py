import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.stream_names import STREAM_NAME, pk_stream_name, user_stream_name

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "stream_names.json").read_text())

any_key = st.one_of(st.text(max_size=300), st.text("user.-_@4 0", max_size=300))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_names_of_users(vector):
    assert user_stream_name(SimpleNamespace(pk=vector["pk"])) == vector["name"]


def test_a_number_is_named_by_its_digits():
    assert user_stream_name(SimpleNamespace(pk=42)) == "user.42"


def test_who_was_not_saved_has_no_stream():
    with pytest.raises(ValueError, match="no primary key"):
        user_stream_name(SimpleNamespace(pk=None))


@given(any_key)
def test_every_key_has_a_legal_name(pk):
    assert STREAM_NAME.fullmatch(pk_stream_name(pk))


@given(any_key)
def test_what_is_a_legal_name_as_it_is_stays(pk):
    plain = f"user.{pk}"
    assert (pk_stream_name(pk) == plain) == bool(STREAM_NAME.fullmatch(plain))


@given(any_key, any_key)
def test_two_users_never_share_a_name(one, other):
    assert (pk_stream_name(one) == pk_stream_name(other)) == (one == other)


@given(any_key)
def test_no_key_is_named_as_another_is_escaped(pk):
    name = pk_stream_name(pk)
    for other in (name, name.partition(".")[2]):
        assert other == pk or pk_stream_name(other) != name

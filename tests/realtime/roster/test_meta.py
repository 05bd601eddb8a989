"""What may be said of a user in a stream."""

import json
from datetime import date

import pytest

from realtime.roster.meta import MAX_META, encoded_meta


def test_it_is_json_in_ascii():
    text = encoded_meta({"name": "Zoë", "day": date(2026, 1, 2)})
    assert text.isascii()
    assert json.loads(text) == {"name": "Zoë", "day": "2026-01-02"}


@pytest.mark.parametrize("meta", [None, [], "text", 7, {"a": object()}])
def test_only_an_object_of_json_will_do(meta):
    with pytest.raises(TypeError):
        encoded_meta(meta)


def test_it_is_small():
    room = MAX_META - len('{"a":""}')
    assert len(encoded_meta({"a": "x" * room})) == MAX_META
    with pytest.raises(ValueError, match="at most 1024 bytes"):
        encoded_meta({"a": "x" * (room + 1)})

import pytest

from realtime.protocol.rules import (
    MAX_TEXT,
    Rules,
    field_number,
    field_text,
    is_given_value,
    is_matched,
    rules_of,
)
from realtime.streams import Stream


def test_a_class_without_rules_selects_nothing():
    assert not rules_of(Stream).select


@pytest.mark.parametrize(
    "attributes",
    [{"fields": ("author",)}, {"order": "version"}, {"throttle": 0.5}],
    ids=lambda attributes: next(iter(attributes)),
)
def test_a_class_with_a_rule_selects(attributes):
    assert rules_of(type("Mine", (Stream,), attributes)).select


def test_the_rules_are_the_attributes():
    mine = {"fields": ["a", "b"], "order": "o", "order_key": "k", "throttle": 2}
    rules = rules_of(type("Mine", (Stream,), mine))
    assert rules == Rules(("a", "b"), "o", "k", 2, None)


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"fields": "author"}, "Mine.fields is a tuple of names, not 'author'."),
        ({"fields": (1,)}, "Mine.fields is a tuple of names, not (1,)."),
        ({"extra": "author"}, "Mine.extra is a tuple of names, not 'author'."),
        ({"order": 7}, "Mine.order is the name of a field, or None, not 7."),
        ({"order": ""}, "Mine.order is the name of a field, or None, not ''."),
        ({"order_key": "k"}, "Mine.order_key does nothing without order."),
        ({"throttle_key": "k"}, "Mine.throttle_key does nothing without throttle."),
        ({"throttle": 0}, "Mine.throttle is seconds, above 0, not 0."),
        ({"throttle": True}, "Mine.throttle is seconds, above 0, not True."),
        ({"throttle": float("inf")}, "Mine.throttle is seconds, above 0, not inf."),
        ({"heartbeat_every": "1"}, "Mine.heartbeat_every is seconds, above 0, not '1'."),
    ],
)
def test_what_is_no_rule_is_named(attributes, sentence):
    with pytest.raises(ValueError) as error:
        rules_of(type("Mine", (Stream,), attributes))
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("data", "is_for_it"),
    [
        ({"author": 7}, True),
        ({"author": 7.0}, True),
        ({"author": 8}, False),
        ({"author": "7"}, False),
        ({"author": None}, False),
        ({"author": 7, "team": "x"}, False),
        ({"author": 7, "team": None}, True),
        ({"title": "x"}, True),
        ([7], True),
        (None, True),
    ],
)
def test_a_follower_gets_what_has_its_values_or_no_such_field(data, is_for_it):
    assert is_matched(("author", "team"), {"author": 7}, data) is is_for_it


def test_true_is_not_one():
    assert not is_matched(("a",), {"a": 1}, {"a": True})
    assert is_matched(("a",), {"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]})


def test_a_key_is_any_value_of_a_field():
    assert field_text({"k": {"b": 1, "a": 2}}, "k") == field_text({"k": {"a": 2, "b": 1}}, "k")
    assert field_text({"k": 1}, "k") != field_text({"k": "1"}, "k")
    assert field_text({"k": None}, "k") is not None
    for data in ({}, [], "k", None):
        assert field_text(data, "k") is None


def test_an_order_is_a_number():
    assert field_number({"o": 1.5}, "o") == 1.5
    for data in ({"o": "1"}, {"o": True}, {"o": None}, {}, [1], 1):
        assert field_number(data, "o") is None


def test_a_client_gives_what_is_short():
    for value in (None, True, 1, 1.5, "x" * MAX_TEXT):
        assert is_given_value(value)
    for value in ("x" * (MAX_TEXT + 1), [], {}):
        assert not is_given_value(value)

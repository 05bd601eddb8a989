"""Phone numbers as people write them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from calls.numbers import (
    EMERGENCY,
    EXTENSION,
    NO_NUMBER,
    NumberSearch,
    number_search,
    read_number,
    written,
)


@pytest.mark.parametrize(
    "text",
    [
        "+1 555 010 0199",
        "+15550100199",
        "  +1 (555) 010-0199 ",
        "555 010 0199",
        "(555) 010-0199",
        "1-555-010-0199",
        "011 1 555 010 0199",
        "tel:+1-555-010-0199",
        "+" + "".join(chr(0xFF10 + int(digit)) for digit in "15550100199"),
    ],
)
def test_numbers_as_people_write_them(text: str) -> None:
    assert read_number(text) == "+15550100199"


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("DE", "030 901820", "+4930901820"),
        ("DE", "0044 20 7946 0018", "+442079460018"),
        ("GB", "020 7946 0018", "+442079460018"),
        ("DK", "33 92 33 92", "+4533923392"),
    ],
)
def test_without_a_country_code_it_is_a_number_of_the_region(
    settings: Any, region: str, text: str, number: str
) -> None:
    settings.PHONE_REGION = region
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "5550100",
        "+",
        "+0123456",
        "+1555010019912345",
        "+1555x",
        "+1555\0",
        "+15550100199\n+1",
        "+1555\ud800",
        "1" * 5000,
        "+15550100199/+15550100198",
    ],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValidationError, match="Enter a phone number") as refused:
        read_number(text)
    assert refused.value.messages == [NO_NUMBER]


def test_an_extension_can_not_be_dialled() -> None:
    with pytest.raises(ValidationError) as refused:
        read_number("+1 555 010 0199 ext. 5")
    assert refused.value.messages == [EXTENSION]


EMERGENCIES = ["911", "9-1-1", " 112", "999", "110", "+1 911", "+49 112", "+49 110", "9115550100"]


@pytest.mark.parametrize("text", EMERGENCIES)
def test_emergency_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_number(text)
    assert refused.value.messages == [EMERGENCY]


def test_emergency_numbers_are_called_where_that_is_set(settings: Any) -> None:
    settings.EMERGENCY_CALLS = True
    assert read_number("9-1-1") == "911"
    assert read_number("+1 911") == "911"


@pytest.mark.parametrize("text", ["+1 911 555 0100", "+44 999 555 0100", "+1 212 555 0112"])
def test_a_longer_number_that_begins_so_is_none(text: str) -> None:
    assert read_number(text).startswith("+")


@pytest.mark.parametrize(
    ("region", "text", "search"),
    [
        ("US", "+1 555 010", NumberSearch(("1555010",), "")),
        ("US", "(555) 010-0199", NumberSearch(("5550100199", "15550100199"), "5550100199")),
        ("US", "1 555 010 0199", NumberSearch(("15550100199", "15550100199"), "5550100199")),
        ("DE", "030 9018", NumberSearch(("0309018", "49309018"), "309018")),
        ("US", "0199", NumberSearch(("0199", "10199"), "0199")),
    ],
)
def test_what_a_search_looks_for(
    settings: Any, region: str, text: str, search: NumberSearch
) -> None:
    settings.PHONE_REGION = region
    assert number_search(text) == search


@pytest.mark.parametrize("text", ["", "alice", "1" * 5000])
def test_text_that_is_no_number_to_look_for(text: str) -> None:
    assert number_search(text) is None


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("+15550100199", "+1 555 010 0199"),
        ("+442079460018", "+44 20 7946 0018"),
        ("+33612345678", "+33 6 12 34 56 78"),
        ("anonymous", "anonymous"),
        ("client:agent_1", "client:agent_1"),
        ("", ""),
    ],
)
def test_numbers_are_written_in_groups(number: str, groups: str) -> None:
    assert written(number) == groups

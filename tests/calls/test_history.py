"""Pages of calls that are over, and the search in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from calls.history import PAGE, Cursor, active, conditions, page
from calls.models import Call

NOON = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def over(sid: str, minute: int = 0, **fields: Any) -> Call:
    """Make a call that ended ``minute`` minutes after noon."""
    ended = NOON + timedelta(minutes=minute)
    new = {
        "direction": "inbound",
        "from_number": "+15550100123",
        "to_number": "+15550100000",
        "state": "completed",
        "started_at": ended,
        "changed_at": ended,
        "ended_at": ended,
    }
    return Call.objects.create(sid=sid, **{**new, **fields})


def sids(text: str = "", agent: int | None = None) -> set[str]:
    return {call.sid for call in page(conditions(text, agent)).calls}


def test_the_last_to_end_are_on_the_first_page() -> None:
    for minute in range(45):
        over(f"CA{minute}", minute)
    first = page()
    second = page(before=first.next)
    third = page(before=second.next)
    found = [call.sid for one in (first, second, third) for call in one.calls]
    assert found == [f"CA{minute}" for minute in reversed(range(45))]
    assert [len(one.calls) for one in (first, second, third)] == [PAGE, PAGE, 5]
    assert third.next is None


def test_a_page_that_is_just_full_is_the_last() -> None:
    for minute in range(PAGE):
        over(f"CA{minute}", minute)
    assert page().next is None


def test_calls_that_ended_together_are_on_one_page_each() -> None:
    for number in range(45):
        over(f"CA{number}")
    found, before = [], None
    while (one := page(before=before)).calls:
        found += [call.sid for call in one.calls]
        if (before := one.next) is None:
            break
    assert sorted(found) == sorted(f"CA{number}" for number in range(45))


def test_calls_that_end_meanwhile_move_no_page() -> None:
    for minute in range(30):
        over(f"CA{minute}", minute)
    first = page()
    over("CA99", minute=99)
    second = page(before=first.next)
    assert [call.sid for call in second.calls] == [f"CA{minute}" for minute in reversed(range(10))]


def test_a_cursor_is_read_as_it_was_written() -> None:
    cursor = Cursor(NOON, 7)
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "7", "7-", "-7", "7-0", "7-x", "9" * 18 + "-1", "1-" + "9" * 19, "\u0661-1", "7-7\n"],
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(ValidationError, match="doesn't exist"):
        Cursor.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "+1 555 010 0123",
        "(555) 010-0123",
        "1 555 010 0123",
        "555 010",
        "+1555",
        "0123",
        "010 0123",
        "555-010-01",
    ],
)
def test_a_number_is_found_as_people_write_it(text: str) -> None:
    over("CA1")
    over("CA2", from_number="+442079460018")
    over("CA3", from_number="+15552229999", to_number="+15550100123")
    over("CA4", direction="outbound", from_number="+15550100000", to_number="+15550100123")
    expected = {"CA1", "CA4"} | ({"CA3"} if text in ("+1555",) else set())
    assert sids(text) == expected


def test_a_number_in_local_notation_of_another_country(settings: Any) -> None:
    settings.PHONE_REGION = "DE"
    over("CA1", from_number="+4930901820")
    over("CA2", from_number="+30901820")
    assert sids("030 9018") == {"CA1"}
    assert sids("+30 901") == {"CA2"}


@pytest.mark.parametrize("digits", ["999", "+999"])
def test_nines_are_digits_like_others(digits: str) -> None:
    over("CA1", from_number="+99912345")
    over("CA2", from_number="+98912345")
    assert sids(digits) == {"CA1"}


@pytest.mark.parametrize("number", ["", "anonymous", "client:agent_7", "sip:a@b.example"])
def test_callers_without_a_number_are_found_by_none(number: str) -> None:
    over("CA1", from_number=number)
    assert sids("123") == set()
    assert sids() == {"CA1"}


@pytest.mark.parametrize("text", ["1", "12", "+", "-", "1" * 100])
def test_too_little_or_too_much_to_look_for(text: str) -> None:
    with pytest.raises(ValidationError):
        conditions(text, None)


@pytest.fixture
def of_bob(alice: Any, bob: Any) -> None:
    bob.first_name, bob.last_name = "Robert", "Builder"
    bob.save()
    over("CA1", 1, answered_by=bob)
    over("CA2", 2, direction="outbound", placed_by=bob, to_number="+15550100124")
    over("CA3", 3, rejected_by=bob)
    over("CA4", 4, answered_by=alice)


@pytest.mark.parametrize("text", ["bob", "BOB", "robert", "Robert Builder", "build"])
def test_the_calls_of_an_agent_by_name(of_bob: None, text: str) -> None:
    assert sids(text) == {"CA1", "CA2", "CA3"}


def test_the_calls_of_an_agent_by_key(of_bob: None, bob: Any) -> None:
    assert sids(agent=bob.pk) == {"CA1", "CA2", "CA3"}
    assert sids("0124", agent=bob.pk) == {"CA2"}
    assert sids("alice", agent=bob.pk) == set()


def test_a_name_that_nobody_has(of_bob: None) -> None:
    assert sids("nobody") == set()
    assert sids("a%e") == set()


def test_an_agent_of_two_parts_has_the_call_once(alice: Any, bob: Any) -> None:
    over("CA1", answered_by=bob, placed_by=bob)
    assert [call.sid for call in page(conditions("", bob.pk)).calls] == ["CA1"]


def test_calls_that_go_on_are_searched_too(ringing: Call, alice: Any) -> None:
    assert active(conditions("0123", None)) == [ringing]
    assert active(conditions("0124", None)) == active(conditions("", alice.pk)) == []
    assert active() == [ringing]


@pytest.mark.parametrize("text", ["", "+15550100123", "0123", "555 010"])
def test_an_index_serves_each_search(text: str) -> None:
    before = Cursor(NOON, 7)
    for wanted in conditions(text, None) or [None]:
        query = Call.objects.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")
        query = query.filter(before.later())
        query = query.filter(wanted) if wanted else query
        plan = query.values_list("ended_at", "pk")[:21].explain()
        assert "USING COVERING INDEX" in plan or "USING INDEX" in plan, plan
        assert "SCAN calls_call\n" not in f"{plan}\n", plan


def test_the_active_calls_are_found_by_an_index() -> None:
    plan = Call.objects.active().order_by().explain()
    assert "SEARCH calls_call USING INDEX" in plan


def test_a_page_takes_as_many_queries_for_many_calls(
    bob: Any, django_assert_num_queries: Any
) -> None:
    for minute in range(40):
        over(f"CA{minute}", minute, answered_by=bob)
    with django_assert_num_queries(3):
        [call.data() for call in page(before=page_cursor()).calls]


def page_cursor() -> Cursor:
    return Cursor(NOON + timedelta(minutes=35), 10**6)

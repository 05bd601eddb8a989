"""Calls that are over, in pages, the last to end first.

A page begins where the one before ended, not at a number of rows, so that it costs the same at any
depth and misses no call when others end meanwhile.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q

from calls.models import Call
from calls.numbers import number_search

PAGE = 20
"""Calls on a page."""

NO_PAGE = "This page of the history doesn't exist."

MIN_DIGITS = 3
MAX_TEXT = 100
MAX_NAMED = 50
"""Users whose name has the text that somebody looks for."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CURSOR = re.compile(r"([0-9]{1,17})-([1-9][0-9]{0,17})", re.ASCII)


class Cursor(NamedTuple):
    """The last call of a page: when it ended, and its primary key."""

    ended_at: datetime
    pk: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read what ``str`` wrote; raises ``ValidationError`` for anything else."""
        if not (found := CURSOR.fullmatch(text)):
            raise ValidationError(NO_PAGE)
        return cls(EPOCH + int(found[1]) * MICROSECOND, int(found[2]))

    def __str__(self) -> str:
        return f"{(self.ended_at - EPOCH) // MICROSECOND}-{self.pk}"

    def later(self) -> Q:
        """Select the calls on the pages after this one."""
        # The first condition alone is what an index on the end can serve.
        return Q(ended_at__lte=self.ended_at) & ~Q(ended_at=self.ended_at, pk__gte=self.pk)


class Page(NamedTuple):
    """Some calls, and the cursor of the page after them; None if there is none."""

    calls: list[Call]
    next: Cursor | None


def page(wanted: Sequence[Q] = (), before: Cursor | None = None) -> Page:
    """Return the page of calls that meet any of the conditions, after the page ``before``."""
    keys = {key for one in wanted or [Q()] for key in _last(one, before)}
    first = sorted(keys, reverse=True)[: PAGE + 1]
    calls = Call.objects.listed().filter(pk__in=[key.pk for key in first[:PAGE]])
    ordered = sorted(calls, key=lambda call: (call.ended_at, call.pk), reverse=True)
    return Page(ordered, first[PAGE - 1] if len(first) > PAGE else None)


def active(wanted: Sequence[Q] = ()) -> list[Call]:
    """Return the calls that go on and meet any of the conditions."""
    return list(Call.objects.active().filter(_any(wanted)))


def conditions(text: str, agent: int | None) -> list[Q]:
    """Return conditions for a search; a call that meets any of them is found.

    ``text`` is a part of an agent's name, or digits with which a number begins or ends. ``agent``
    is the primary key of an agent, whose calls are found alone. Each condition is one that an
    index serves. Raises ``ValidationError``.
    """
    theirs = [] if agent is None else _by_agents([agent])
    if not text:
        return theirs
    found = _by_agents(_named(text)) if any(map(str.isalpha, text)) else _by_number(text)
    return [one & _any(theirs) for one in found]


def _last(wanted: Q, before: Cursor | None) -> Iterable[Cursor]:
    over = Call.objects.filter(wanted, ended_at__isnull=False).order_by("-ended_at", "-pk")
    if before:
        over = over.filter(before.later())
    return [Cursor(*key) for key in over.values_list("ended_at", "pk")[: PAGE + 1]]


def _any(wanted: Sequence[Q]) -> Q:
    return reduce(or_, wanted, Q())


def _by_agents(keys: list[int]) -> list[Q]:
    return [Q(**{f"{part}__in": keys}) for part in ("answered_by", "placed_by", "rejected_by")]


def _by_number(text: str) -> list[Q]:
    search = number_search(text)
    if search is None or min(map(len, search.beginnings)) < MIN_DIGITS:
        raise ValidationError("Look for a name, or for at least three digits of a number.")
    ending = [_begins("party_backwards", search.ending[::-1])] if search.ending else []
    return [*(_begins("party", digits) for digits in dict.fromkeys(search.beginnings)), *ending]


def _begins(field: str, digits: str) -> Q:
    # Not `startswith`: SQLite finds what is LIKE something by no index.
    after = digits.rstrip("9")
    beyond = {f"{field}__lt": f"{after[:-1]}{int(after[-1]) + 1}"} if after else {}
    return Q(**{f"{field}__gte": digits}, **beyond)


def _named(text: str) -> list[int]:
    """Return the users each word of ``text`` is in whose names."""
    users = get_user_model().objects.order_by("pk")
    for word in text[:MAX_TEXT].split():
        names = Q(username__icontains=word)
        users = users.filter(names | Q(first_name__icontains=word) | Q(last_name__icontains=word))
    return list(users.values_list("pk", flat=True)[:MAX_NAMED])

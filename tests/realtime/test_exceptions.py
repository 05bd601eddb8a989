"""The tree of exceptions."""

import inspect

import pytest

from realtime import exceptions
from realtime.exceptions import RealtimeException

OURS = [
    one
    for _, one in inspect.getmembers(exceptions, inspect.isclass)
    if one.__module__ == exceptions.__name__
]


@pytest.mark.parametrize("exception", OURS)
def test_one_root_takes_all(exception):
    assert issubclass(exception, RealtimeException)


def test_no_other_file_has_exceptions_of_its_own():
    assert {one.__name__ for one in RealtimeException.__subclasses__()} <= {
        one.__name__ for one in OURS
    }

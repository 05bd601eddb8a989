from types import SimpleNamespace

import pytest

from realtime.tickets import Grant

ALICE = SimpleNamespace(pk=1)


def test_streams_are_a_set_of_names():
    assert Grant(ALICE, streams=["room.7", "room.8"]).streams == {"room.7", "room.8"}
    assert Grant(ALICE).streams is None
    assert Grant(ALICE, expires=7).expires == 7


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"expires": "tomorrow"}, TypeError),
        ({"expires": True}, TypeError),
        ({"streams": "room.7"}, TypeError),
        ({"streams": ["room 7"]}, ValueError),
        ({"streams": [7]}, ValueError),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, error):
    with pytest.raises(error):
        Grant(ALICE, **wrong)

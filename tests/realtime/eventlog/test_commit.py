"""What Django does with a hook that fails after the commit: it logs the hook's name."""

import pytest
from django.db import transaction

from realtime.eventlog.commit import after_every_commit, collect_after_commit


def fail(*_):
    raise ValueError("no layer")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("publish", "name"),
    [
        (lambda: after_every_commit(fail), "_committed"),
        (lambda: collect_after_commit(1, "default", fail), "fail"),
    ],
    ids=["every", "collected"],
)
def test_a_hook_that_fails_is_named_in_the_log(caplog, publish, name):
    with transaction.atomic():
        publish()
    assert f"Error calling {name} in on_commit() during transaction (no layer)." in caplog.text

"""What ``publish`` takes for ``within`` and ``otherwise``."""

import pytest

from realtime import apublish, publish
from realtime.models.receipts import Deadline
from realtime.receipts.terms import Terms, terms_of

HERE = "tests.realtime.receipts.otherwise"


@pytest.mark.parametrize("function", ["note", "note_async"])
def test_a_function_is_named_by_its_path(function):
    assert terms_of(3, f"{HERE}.{function}") == Terms(3.0, f"{HERE}.{function}")
    assert terms_of(0.5, None) == Terms(0.5, "")
    assert terms_of(None, None) is None


@pytest.mark.parametrize("within", [0, -1, float("nan"), float("inf"), True, "3", 31 * 86400])
def test_a_time_is_a_number_of_seconds_above_zero(within):
    with pytest.raises(ValueError, match="within is"):
        terms_of(within, None)


@pytest.mark.parametrize(
    ("otherwise", "sentence"),
    [
        (f"{HERE}.nothing", f"otherwise='{HERE}.nothing' can't be imported: .* attribute"),
        ("nowhere.at_all", "otherwise='nowhere.at_all' can't be imported: No module named"),
        ("note", "otherwise='note' can't be imported: .* module path"),
        (f"{HERE}.no_function", "is no function"),
        (f"{HERE}.{'x' * 200}", "at most 200 characters"),
        (terms_of, "as text, not <function"),
    ],
)
def test_what_can_not_be_called_later_is_refused_now(otherwise, sentence):
    with pytest.raises(ValueError, match=sentence):
        publish("user.1", "n", within=3, otherwise=otherwise)


def test_a_function_needs_a_time():
    with pytest.raises(ValueError, match="otherwise needs within"):
        publish("user.1", "n", otherwise=f"{HERE}.note")


@pytest.mark.parametrize("options", [{"ephemeral": True}, {}])
async def test_an_event_that_is_not_kept_has_no_deadline(settings, options):
    if not options:
        settings.REALTIME = {"EVENT_LOG": None}
    with pytest.raises(ValueError, match="within needs an event that is kept"):
        await apublish("user.1", "n", within=3, **options)


@pytest.mark.django_db
def test_what_is_refused_leaves_nothing_behind():
    with pytest.raises(ValueError, match="can't be imported"):
        publish("user.1", "n", within=3, otherwise="nowhere.at_all")
    assert not Deadline.objects.exists()

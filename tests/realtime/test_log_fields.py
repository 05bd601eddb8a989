"""The fields of a line are read off its template."""

from enum import StrEnum

import pytest

from realtime.log_fields import extended, read_form, values


class State(StrEnum):
    RINGING = "ringing"


def fields(template, *args):
    form = read_form(template)
    assert form is not None, template
    return values(form, args)


def test_words_and_fields():
    assert fields("call changed") == {"what": "call changed"}
    assert fields("closed socket=%s code=%d", "e92f", 4408) == {
        "what": "closed",
        "socket": "e92f",
        "code": 4408,
    }


def test_what_is_for_people_is_no_field():
    line = "re-check can't be done again_in=%.1fs reason=full: it's tried again, forever"
    assert fields(line, 1.25) == {
        "what": "re-check can't be done",
        "again_in": 1.25,
        "reason": "full",
    }


def test_values_are_what_json_has():
    line = "said a=%s b=%r c=%r d=%s e=%s f=%.3r"
    found = fields(line, None, "it's", ValueError("x"), State.RINGING, True, ["abcdef"])
    assert found == {
        "what": "said",
        "a": None,
        "b": "it's",
        "c": "ValueError('x')",
        "d": "ringing",
        "e": True,
        "f": "['a",
    }
    assert type(found["d"]) is str


@pytest.mark.parametrize(
    "template",
    [
        "a sentence with %s in it",
        "said name=%s and more",
        "said name=%s other",
        "said Name=%s",
        "said a=%s:b",
        "said a=%s: and %s",
        "said a=%%",
        "=%s",
        "",
    ],
)
def test_a_template_of_another_form_has_none(template):
    assert read_form(template) is None


@pytest.mark.parametrize("args", [(), ("a",), (1, "b", "c")])
def test_arguments_that_do_not_fit(args):
    assert fields("said code=%d name=%s", *args) is None


def test_more_fields_stand_before_what_is_for_people():
    template = extended("layer down reason=%s: it is tried again", ("request", "trace"))
    assert template == "layer down reason=%s request=%s trace=%s: it is tried again"
    assert extended("up again", ("request",)) == "up again request=%s"
    assert extended("Use %s, not that.", ("request",)) == "Use %s, not that. request=%s"

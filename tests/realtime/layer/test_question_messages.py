"""Questions and answers on the layer: what is malformed is dropped, with one line."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from realtime.layer.question_messages import (
    MAX_ABOUT,
    MAX_PARTS,
    PART_SIZE,
    QUESTION_TYPE,
    Answers,
    Question,
    answer_messages,
    question_in,
)
from realtime.logs import line_limit
from tests.realtime.layer.test_reading import ANYTHING, deep, recording

QUESTION = Question("q", "lives", {}, "channel")
PART = {"type": "realtime.answer", "question": "q", "process": "p", "part": 0, "of": 1, "text": "1"}
ASKED = {"type": QUESTION_TYPE, "id": "q", "kind": "lives", "about": "{}", "reply": "channel"}
BAD_PART = st.one_of(
    *(
        st.sampled_from(values).map(lambda value, field=field: {**PART, field: value})
        for field, values in {
            "process": [None, "", 7, "a\nb", "x" * 201, []],
            "part": [None, -1, 1, 64, True, 0.0, "0"],
            "of": [None, 0, MAX_PARTS + 1, 10**30, "1"],
            "text": [None, 7, b"1", "", "{", "NaNo", "x" * (PART_SIZE + 1), "[" * 50_000],
        }.items()
    ),
    st.sampled_from([{k: v for k, v in PART.items() if k != gone} for gone in ("process", "text")]),
)
BAD_QUESTION = st.one_of(
    *(
        st.sampled_from(values).map(lambda value, field=field: {**ASKED, field: value})
        for field, values in {
            "id": [None, "", 7, "a\nb", "x" * 201],
            "kind": [None, "", [], deep],
            "reply": [None, "", 7],
            "about": [None, {}, "", "[]", "1", "{", "[" * 50_000, " " * (MAX_ABOUT + 1)],
        }.items()
    ),
)


recorder = recording("realtime.layer.question_messages")


@given(BAD_PART)
def test_a_malformed_part_is_dropped_with_one_line(recorder, part):
    recorder.lines = []
    line_limit.reset()
    answers = Answers()
    answers.take(part)
    assert (answers.by_process, len(recorder.lines)) == ({}, 1)


@given(BAD_QUESTION | st.dictionaries(st.sampled_from(sorted(ASKED)), ANYTHING, max_size=4))
def test_a_malformed_question_is_dropped_with_one_line(recorder, message):
    recorder.lines = []
    line_limit.reset()
    assert (question_in(message), len(recorder.lines)) == (None, 1)


def test_two_event_loops_of_a_process_both_answer():
    async def parts(answer):
        return answer_messages(QUESTION, answer)

    answers = Answers()
    for answer in (["of the one loop"], ["of the other"]):
        for part in asyncio.run(parts(answer)):
            answers.take(part)
    assert list(answers.by_process.values()) == [["of the one loop"], ["of the other"]]

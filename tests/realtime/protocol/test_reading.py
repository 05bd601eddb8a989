import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.exceptions import FrameError
from realtime.protocol import reading
from realtime.protocol.frames import encode


@pytest.mark.parametrize("ref", [0, 7, "a" * 128, None])
def test_refs_that_are_taken(ref):
    frame = {"type": "subscribe", "ref": ref, "stream": "me"}
    assert reading.decode(json.dumps(frame), 1000) == frame


@pytest.mark.parametrize("ref", [1.5, True, "a" * 129, [], {}])
def test_refs_that_are_not(ref):
    with pytest.raises(FrameError) as error:
        reading.decode(json.dumps({"type": "subscribe", "ref": ref, "stream": "me"}), 1000)
    assert (error.value.code, error.value.ref) == ("bad_frame", None)


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-2.5E+309",
        "1e0000310",
        "1" * 400 + ".5",
        "1" * 300 + "e10",
        "1" * 211 + "." + "0" * 50 + "e99",
    ],
)
def test_numbers_that_json_does_not_have(number):
    with pytest.raises(FrameError) as error:
        reading.decode(f'{{"type":"send","stream":"s","name":"n","data":{number}}}', 1000)
    assert error.value.code == "bad_frame"


@given(st.from_regex(r"-?[1-9][0-9]{0,400}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True))
def test_a_number_is_taken_if_and_only_if_it_can_be_written_again(number):
    text = f'{{"type":"send","stream":"s","name":"n","data":{number}}}'
    try:
        data = reading.decode(text, 1000)["data"]
    except FrameError:
        assert json.loads(number) in (math.inf, -math.inf)
    else:
        assert json.loads(encode(data)) == data


def test_words_and_digits_that_are_no_numbers_are_taken():
    data = ["3e999 ways", "1" * 500, 10**400, 1e300, 1e-300]
    text = json.dumps({"type": "send", "stream": "s", "name": "n", "data": data})
    assert reading.decode(text, 10_000)["data"] == data


def test_a_frame_is_measured_in_bytes():
    text = json.dumps({"type": "ping", "nonce": "ü"}, ensure_ascii=False)
    size = len(text.encode())
    assert reading.decode(text, size)["nonce"] == "ü"
    with pytest.raises(FrameError) as error:
        reading.decode(text, size - 1)
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{}",
        '{"type":"ping","nonce":1}',
        '{"type":"ping","nonce":"a","also":1}',
        '{"type":"welcome","nonce":"a"}',
        '["nonce"]',
        '{"nonce" ',
        "[" * 200 + '"nonce"',
        json.dumps({"type": "ping", "nonce": "n" * 600}),
    ],
)
def test_what_is_no_heartbeat_belongs_to_the_application(text):
    assert reading.heartbeat_frame(text) is None


@pytest.mark.parametrize("kind", ["ping", "pong"])
def test_heartbeats_are_recognised_however_they_are_spaced(kind):
    assert reading.heartbeat_frame(f' {{ "nonce":"x", "type" : "{kind}" }}') == {
        "type": kind,
        "nonce": "x",
    }

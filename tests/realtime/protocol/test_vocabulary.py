"""Both sides of the wire use the same names for the same numbers."""

import importlib
import json
import re
from pathlib import Path

import pytest

import realtime
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Limits

HERE = Path(realtime.__file__).parent
SCRIPTS = sorted((HERE / "static/realtime/protocol").glob("*.js"))


def constants_of_javascript():
    """Return the exported constants that are a number or a string, with their values."""
    pairs = re.findall(
        r'^export const ([A-Z_]+) = ([\d_.]+|".*");$',
        "\n".join(script.read_text() for script in SCRIPTS),
        re.MULTILINE,
    )
    return {name: json.loads(value.replace("_", "")) for name, value in pairs}


def constants_of_python():
    """Return all upper-case names of the rooms that a client mirrors."""
    modules = [
        importlib.import_module(f"realtime.protocol.{path.stem}")
        for path in (HERE / "protocol").glob("*.py")
        if path.stem != "__init__"
    ]
    return {name: value for module in modules for name, value in vars(module).items()}


SHARED = ["CHECK_CLOCK_EVERY", "LATE", "MAX_AHEAD", "MAX_EPHEMERAL", "NO_EPOCH", "PROBE_TIMEOUT"]
SHARED += ["MARK", "PRESENCE_EVENT", "SUBPROTOCOL", "TICKET_PROTOCOL"]


def test_the_constants_that_are_shared():
    assert set(SHARED) == constants_of_javascript().keys() & constants_of_python().keys()


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_constant_has_one_value(name):
    assert constants_of_javascript()[name] == constants_of_python()[name]


def test_the_limits_in_welcome_have_the_same_names():
    source = (HERE / "static/realtime/protocol/frames.js").read_text()
    [fields] = re.findall(r"@typedef \{\{(.*)\}\} Limits", source)
    assert set(re.findall(r"(\w+): number", fields)) == set(Limits.__annotations__)


def test_the_close_codes_have_the_same_names():
    source = (HERE / "static/realtime/protocol/close_codes.js").read_text()
    theirs = dict(re.findall(r"^  ([A-Z_]+): (\d{4}),$", source, re.MULTILINE))
    assert {name: int(code) for name, code in theirs.items()} == {
        code.name: int(code) for code in CloseCode
    }


def test_each_close_code_is_explained_to_a_page():
    source = (HERE / "static/realtime/protocol/close_codes.js").read_text()
    explained = re.findall(r"^  /\*\* [^*]+\. \*/\n  ([A-Z_]+): ", source, re.MULTILINE)
    assert explained == [code.name for code in CloseCode]

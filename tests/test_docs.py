"""The documents say what the code does: names, defaults, codes, frames, log lines, links."""

import ast
import importlib
import inspect
import json
import os
import re
import runpy
from dataclasses import fields
from functools import cache
from pathlib import Path

import realtime
import realtime.consumers
from realtime.conf import RealtimeSettings
from realtime.protocol import reading
from realtime.protocol.close_codes import CloseCode
from tests.sources import parsed

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
DOCUMENTS = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]
ROOMS = (
    "protocol",
    "concurrency",
    "eventlog",
    "layer",
    "fanout",
    "sockets",
    "access",
    "receipts",
    "recorder",
    "roster",
    "subscriptions",
    "contrib",
)
SOURCES = [path for folder in ("realtime", "calls") for path in (PROJECT / folder).rglob("*.py")]
RULE = re.compile(r"\|( ?:?-+:? ?\|)+")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")


def doc(name):
    return (PROJECT / "docs" / name).read_text()


def section(text, title):
    """Return the part of a document below a heading, up to the next of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.S | re.M)
    assert found, title
    return found[2]


def rows(text):
    """Return the cells of all lines of a text's tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def tables(text):
    """Return the lines of each table of a text, outside its code blocks."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n?)+", text, re.M)]


def named(text):
    """Return the names in backticks in the first column of a text's tables."""
    return [name for row in rows(text) for name in re.findall(r"`([^`]+)`", row[0])]


def blocks(text, language):
    """Return what stands in the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


@cache
def called():
    """Return what is called in the sources with a constant first, and the constant."""
    return [
        (ast.unparse(node.func), node.args[0].value)
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ]


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 150


def test_settings_and_defaults():
    settings = [row for row in rows(doc("settings.md")) if row[0].isupper()]
    table = {row[0].strip("`"): row[1].strip("`") for row in settings}
    defaults = RealtimeSettings()
    assert table == {one.name: str(getattr(defaults, one.name)) for one in fields(defaults)}


def test_system_checks():
    checks = "".join(path.read_text() for path in (PROJECT / "realtime/checks").glob("*.py"))
    used = set(re.findall(r"realtime\.[EW]\d{3}", checks))
    assert set(named(section(doc("settings.md"), "System checks"))) == used


def test_close_codes():
    table = section(doc("consumers.md"), "Close codes")
    documented = {row[0]: row[1] for row in rows(table) if row[0].isdigit()}
    assert documented == {str(int(code)): code.reason for code in CloseCode}


def test_close_codes_that_nobody_sends_yet():
    table = rows(section(doc("consumers.md"), "Close codes"))
    later = {int(row[0]) for row in table if row[2].startswith("nobody yet")}
    senders = [path.read_text() for path in SOURCES if path.name != "close_codes.py"]
    assert later == {
        code for code in CloseCode if not any(f"CloseCode.{code.name}" in text for text in senders)
    }


def test_frame_types():
    protocol = doc("protocol.md")
    to_server = section(protocol, "Client to server")
    to_client = section(protocol, "Server to client")
    source = (PROJECT / "realtime/protocol/frames.py").read_text()
    assert set(named(to_server)) == set(reading._STRINGS)
    assert set(named(to_client)) - error_codes() == set(re.findall(r'"type": ?"(\w+)"', source))


def error_codes():
    """Return the codes of all errors that the server says."""
    codes = {constant for name, constant in called() if name in ("FrameError", "frames.error")}
    assert codes
    return codes


def test_error_codes():
    assert error_codes() <= set(named(section(doc("protocol.md"), "Server to client")))


def test_the_examples_of_frames():
    protocol = doc("protocol.md")
    for example in blocks(section(protocol, "Client to server"), "json")[0].splitlines():
        assert reading.decode(example, 65536) == json.loads(example)
    examples = blocks(section(protocol, "Server to client"), "json")[0].splitlines()
    types = [json.loads(example)["type"] for example in examples]
    assert types == [name for name in named(section(protocol, "Server to client")) if name in types]


class Recorder(dict):
    """An environment that remembers what it was asked for."""

    def __init__(self, values):
        super().__init__(values)
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.asked.add(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


def test_the_demos_environment(monkeypatch):
    environment = Recorder({"SECRET_KEY": "so that no file is written"})
    monkeypatch.setattr(os, "environ", environment)
    runpy.run_path(str(PROJECT / "project/settings.py"))
    assert set(named(section(README.read_text(), "The demo"))) == environment.asked


def test_public_names_have_docstrings():
    names = set(named(section(doc("architecture.md"), "Public names")))
    assert {f"realtime.{name}" for name in realtime.__all__} <= names
    for name in names:
        module, _, attribute = name.rpartition(".")
        value = getattr(importlib.import_module(module), attribute)
        assert value.__doc__ or not (inspect.isclass(value) or inspect.isroutine(value)), name


def test_public_names_of_the_browser_client():
    exported = (PROJECT / "realtime/static/realtime/index.js").read_text()
    text = section(doc("architecture.md"), "Public names").rpartition("|")[2]
    for names in re.findall(r"export \{ (.*?) \}", exported):
        for name in names.split(", "):
            assert f"`{name}`" in text and name in doc("browser.md")


def test_log_lines():
    """Each line that is shown begins as a call of a logger does, and has its keys."""
    logged = {shape(constant) for name, constant in called() if name.startswith("logger.")}
    (journey,) = blocks(section(doc("architecture.md"), "The way of one event"), "text")
    for line in journey.splitlines():
        assert shape(line.partition(" ")[2]).removesuffix(" request=") in logged, line
    shown = [
        *re.findall(r"`([a-z ]+=)`", doc("architecture.md")),
        *named(section(doc("deployment.md"), "When Redis fails")),
        *named(section(doc("eventlog.md"), "What is repaired, and when")),
        *named(doc("twilio.md")),
    ]
    for line in shown:
        assert any(known.startswith(shape(line)) for known in logged), line


def shape(line):
    """Return a log line without its values."""
    return re.sub(r"=[^\s:]+", "=", line).rstrip()


def test_modules():
    folder = PROJECT / "realtime"
    modules = [*folder.glob("*.py")]
    for room in ROOMS:
        modules += folder.glob(f"{room}/**/*.py")
    found = {path.relative_to(folder).with_suffix("").as_posix() for path in modules}
    text = section(doc("architecture.md"), "The rooms").partition("### `calls/`")[0]
    named_modules = {name for name in named(text) if not name.endswith("/")}
    assert named_modules == {name for name in found if not name.endswith("__init__")}


def test_every_public_module_names_what_it_exports():
    """Each documented name is exported by its module's ``__all__``, and nothing else is."""
    listed = section(doc("architecture.md"), "Public names")
    documented = {name for name in named(listed) if name.startswith("realtime.")}
    modules = {importlib.import_module(name.rpartition(".")[0]) for name in documented}
    exported = {f"{module.__name__}.{name}" for module in modules for name in module.__all__}
    for name in ("publish", "apublish", "position", "aposition"):
        exported.remove(f"realtime.events.{name}")  # The package has them.
    assert documented == exported
    for module in modules:
        assert all(hasattr(module, name) for name in module.__all__)


def test_links():
    anchors = cache(lambda path: set(map(slug, re.findall(r"^#+ (.*)$", path.read_text(), re.M))))
    for document in DOCUMENTS:
        for path, anchor in LINK.findall(document.read_text()):
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), f"{document.name}: {path}"
            if anchor:
                assert anchor in anchors(target), f"{document.name}: {path}#{anchor}"


def test_tables_are_unbroken():
    """Each table has a head, a rule and rows of as many cells, with no blank line between them."""
    for document in DOCUMENTS:
        for head, *rest in tables(document.read_text()):
            assert rest and RULE.fullmatch(rest[0]), f"{document.name}: no table begins with {head}"
            for row in rest:
                assert bars(row) == bars(head), f"{document.name}: {row}"


def bars(line):
    return len(re.findall(r"(?<!\\)\|", line))


def slug(heading):
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_python_compiles():
    for document in DOCUMENTS:
        for block in blocks(document.read_text(), "python"):
            compile(block, document.name, "exec")


def test_imports_work():
    """What the examples import from this package is there."""
    found = (block for document in DOCUMENTS for block in blocks(document.read_text(), "python"))
    for node in (node for block in found for node in ast.walk(ast.parse(block))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "realtime":
            module = importlib.import_module(node.module)
            assert all(hasattr(module, one.name) for one in node.names), node.module


def test_no_sentence_stands_in_two_documents():
    seen = {}
    for document in DOCUMENTS:
        text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.S | re.M)
        for sentence in re.split(r"(?<=[.:;])\s+|\||\n", text):
            sentence = sentence.strip(" -*")
            if len(sentence) > 50:
                assert seen.setdefault(sentence, document) == document, sentence

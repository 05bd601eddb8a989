"""What the documents show in other languages than Python: JavaScript, JSON, YAML, commands."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch
from functools import cache

import pytest
from django.core.management import get_commands

from tests.test_docs import DOCUMENTS, PROJECT, blocks

INLINE = re.compile(r"`(make|(?:python )?manage\.py) ([\w./-]+)")
LINE = re.compile(r"(?:^|\s)(make|\S*manage\.py) ([a-z][\w./-]*)", re.M)
TESTS = re.compile(r"`(tests/[\w/.-]+)`")
CHECK = """
const { SourceTextModule } = require("node:vm");
for (const [name, code] of JSON.parse(require("node:fs").readFileSync(0, "utf8"))) {
  new SourceTextModule(code, { identifier: name });
}
"""


@cache
def targets():
    """Return what ``make`` makes by name."""
    makefile = (PROJECT / "Makefile").read_text()
    return set(re.findall(r"^([a-z%][\w./-]*):", makefile, re.M))


def is_target(name):
    """Say whether ``make`` makes it, by its name or by a pattern."""
    return any(fnmatch(name, target.replace("%", "*")) for target in targets())


def test_javascript_parses():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing")
    sources = [
        (f"{document.name} {number}", code)
        for document in DOCUMENTS
        for number, code in enumerate(blocks(document.read_text(), "js"), 1)
    ]
    assert sources
    check = [node, "--no-warnings", "--experimental-vm-modules", "-e", CHECK]
    done = subprocess.run(
        check, input=json.dumps(sources), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_json_parses():
    for document in DOCUMENTS:
        for block in blocks(document.read_text(), "json"):
            for line in block.splitlines():
                json.loads(line)


def test_yaml_parses():
    yaml = pytest.importorskip("yaml", reason="docs/requirements.txt is not installed")
    for document in DOCUMENTS:
        for block in blocks(document.read_text(), "yaml"):
            assert all(yaml.safe_load_all(block)), document


def test_commands_are_there():
    for document in DOCUMENTS:
        text = document.read_text()
        named = INLINE.findall(text)
        for block in blocks(text, "sh"):
            named += LINE.findall(block)
        for program, name in named:
            is_there = is_target(name) if program == "make" else name in get_commands()
            assert is_there, f"{document.name}: {program} {name}"


def test_the_tests_that_are_named_are_there():
    for document in DOCUMENTS:
        for path in TESTS.findall(document.read_text()):
            assert (PROJECT / path).exists(), f"{document.name}: {path}"


def test_the_list_for_language_models_leads_somewhere():
    text = (PROJECT / "docs/llms.txt").read_text()
    pages = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert pages and all((PROJECT / "docs" / page).exists() for page in pages)
    for block in blocks(text, "python"):
        compile(block, "llms.txt", "exec")

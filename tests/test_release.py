"""What a release says of itself agrees: versions, CI's workflow, the pages for contributors."""

import re

import yaml

from tests.support import DJANGOS, NEXT_PYTHON, PROJECT, PYTHONS

WORKFLOW = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text())
MAKEFILE = (PROJECT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))


def matrix(name: str) -> list[str]:
    return WORKFLOW["jobs"]["unit"]["strategy"]["matrix"][name]


def commands() -> list[str]:
    """Return all commands of the workflow."""
    return [
        step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step
    ]


def row(name: str) -> str:
    """Return what the page of supported versions says is supported."""
    text = (PROJECT / "docs/support.md").read_text()
    return re.search(rf"^\| {name} \| (.*?) \|", text, re.M)[1]


def test_ci_runs_on_the_versions_that_are_supported_and_on_the_next():
    assert matrix("python") == [*PYTHONS, NEXT_PYTHON]
    assert matrix("django") == DJANGOS
    for pair in matrix("exclude"):
        assert pair["python"] in PYTHONS and pair["django"] in DJANGOS


def test_ci_calls_targets_and_paths_that_exist():
    for command in commands():
        for target in re.findall(r"\bmake ([a-z]\S*)(?=$| &&)", command):
            assert target in TARGETS, command
        for path in re.findall(r"\btests/\S+", command):
            assert (PROJECT / path).exists(), command
    assert {"make test", "make release"} <= set(commands())


def test_every_job_runs_on_a_known_system():
    systems = {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert set(matrix("os")) == systems
    for job in WORKFLOW["jobs"].values():
        assert job["runs-on"] in systems | {"${{ matrix.os }}"}


def test_the_page_of_supported_versions_has_those_of_the_classifiers():
    assert row("Python").split(", ") == PYTHONS
    assert row("Django").split(", ") == DJANGOS


def test_each_target_is_described():
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split())
    described = set(re.findall(r"make ([a-z-]+)", MAKEFILE.split("PYTHON ?=")[0]))
    assert phony - {"system"} <= described


def test_the_pages_for_contributors_name_targets_that_exist():
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
    assert {"test", "release"} <= named <= TARGETS
    for path in re.findall(r"`((?:tests|realtime|docs)/[^`]+|[a-z]+\.toml)`", text):
        assert (PROJECT / path).exists(), path
    assert "docs/changelog.md" in (PROJECT / "CHANGELOG.md").read_text()

"""The versions that are supported: the classifiers in pyproject.toml are the one list of them."""

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]
CLASSIFIERS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["classifiers"]


def versions(of: str) -> list[str]:
    """Return the versions that the classifiers of a kind name, such as "3.11"."""
    return [one.removeprefix(f"{of} :: ") for one in CLASSIFIERS if one.startswith(f"{of} :: ")]


PYTHONS = versions("Programming Language :: Python")
DJANGOS = versions("Framework :: Django")

NEXT_PYTHON = "3.14"
"""Tested wherever it is installed; it gets a classifier when all has passed on it."""

"""Finds out whether another package has put its files among ours.

PyPI's ``realtime`` has the same import name, and installers overwrite without a word. This module
imports nothing of ours, which may be theirs by now.
"""

from __future__ import annotations

import csv
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

OURS = "channels-realtime"
FIRST_FILE = "realtime/__init__.py"


def problem() -> str | None:
    """Return what is wrong with the files that are installed, in a sentence; None if nothing is."""
    if others := sorted({f"{one.name} {one.version}" for one in distributions() if _clashes(one)}):
        return (
            f"The installed package {', '.join(others)} has the same import name as {OURS}, "
            "'realtime', and each overwrites files of the other. Uninstall both, then install "
            f"{OURS} again."
        )
    if missing := _missing_files():
        return (
            f"Files of {OURS} are missing, the first is {missing[0]}: perhaps another package "
            f"with the import name 'realtime' was uninstalled. Install {OURS} again."
        )
    return None


def _clashes(one: Distribution) -> bool:
    """Ask for the name last: it takes longer to read, and a project has hundreds of packages."""
    record = f"\n{one.read_text('RECORD') or ''}"
    return f"\n{FIRST_FILE}," in record and re.sub(r"[-_.]+", "-", one.name).lower() != OURS


def _missing_files() -> list[str]:
    """A checkout that is on the path without being installed has no list of its files."""
    try:
        ours = distribution(OURS)
    except PackageNotFoundError:
        return []
    # Its own `files` leaves out what is missing, from Python 3.12 on.
    record = (ours.read_text("RECORD") or "").splitlines()
    files = [row[0] for row in csv.reader(record) if re.fullmatch(r"realtime/.*\.py", row[0])]
    return [file for file in files if not Path(str(ours.locate_file(file))).exists()]

"""The unit tests of realtime on each Python and each Django that is supported.

A Python that is not installed is skipped, and so is a Django that pip can't get for it. Each pair
has an environment of its own in ``.matrix/``.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import DJANGOS, NEXT_PYTHON, PYTHONS

PROJECT = Path(__file__).parents[1]
ENVIRONMENTS = PROJECT / ".matrix"
REQUIREMENTS = PROJECT / "tests/requirements.txt"
AGAIN = ["tests/run_again", os.devnull]
TESTS = [*AGAIN, "-q", "-m", "not processes", "-n", "2", "tests/realtime"]


def interpreter(version: str) -> str | None:
    """Return the path of a Python of this version, from PATH or from pyenv's folder."""
    own = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for path in (shutil.which(f"python{version}"), *map(str, own)):
        # pyenv's shims are there for versions that are switched off, too.
        if path and not subprocess.run([path, "--version"], capture_output=True).returncode:
            return path
    return None


def environment(python: str, name: str, django: str) -> tuple[Path, str]:
    """Make the environment of a pair; return its Python, and what pip said where it failed."""
    inside = ENVIRONMENTS / name / "bin/python"
    if not inside.exists():
        subprocess.run([python, "-m", "venv", str(ENVIRONMENTS / name)], check=True)
    wanted = re.sub(r"(?m)^django==.*\n", "", REQUIREMENTS.read_text()) + f"django=={django}.*\n"
    requirements = ENVIRONMENTS / f"{name}.txt"
    requirements.write_text(wanted)
    pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "-r", str(requirements)], capture_output=True, text=True)
    return inside, done.stderr if done.returncode else ""


def main() -> int:
    """Test all pairs; return 1 if one of them failed, or none was tested."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    results = {}
    for version in [*PYTHONS, NEXT_PYTHON]:
        python = interpreter(version)
        for django in DJANGOS:
            pair = f"Python {version}, Django {django}"
            print(f"\n=== {pair}", flush=True)
            if python is None:
                results[pair] = f"skipped: there is no python{version}"
                continue
            inside, missing = environment(python, f"{version}-{django}", django)
            if missing:
                results[pair] = f"skipped: pip: {missing.strip().splitlines()[-1]}"
                continue
            # Two processes have to collect the same tests, some of which come from sets.
            variables = {"PATH": f"{inside.parent}:{os.environ['PATH']}", "PYTHONHASHSEED": "0"}
            done = subprocess.run(TESTS, cwd=PROJECT, env={**os.environ, **variables})
            results[pair] = "FAILED" if done.returncode else "passed"
    print("", *(f"{pair}: {result}" for pair, result in results.items()), sep="\n")
    return "FAILED" in results.values() or "passed" not in results.values()


if __name__ == "__main__":
    sys.exit(main())

"""What the packages have and the checkout hasn't: the client in one file, and links for an index.

A wheel's ``realtime/index.js`` and ``realtime/status_element.js`` lead to the one file, so that all
scripts of a page share it, by whichever name they import it.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CLIENT = "realtime/static/realtime"
TOOLS = ROOT / "tests/js"
NO_NODE = (
    "The browser client's one file is made with esbuild, which needs node, npm and bash. "
    "Install them, or install from an sdist or a wheel, which have the file."
)


def can_bundle() -> bool:
    """Say whether the client's one file is there, as in an sdist, or can be made."""
    return (ROOT / "PKG-INFO").exists() or all(map(shutil.which, ("node", "npm", "bash")))


def bundle() -> None:
    """Make the client's one file in the checkout; an sdist has it already."""
    if (ROOT / "PKG-INFO").exists():
        return
    if not (TOOLS / "node_modules/.bin/esbuild").exists():
        npm = [shutil.which("npm"), "ci", "--no-progress", "--loglevel", "error"]
        subprocess.run([*npm, "--prefix", TOOLS], check=True)
    subprocess.run(["bash", ROOT / "release/bundle"], check=True)


class BuildPy(build_py):
    """Lead the public modules of a wheel to the one file."""

    def run(self) -> None:
        if self.editable_mode:  # Serves the checkout's modules.
            return super().run()
        if not can_bundle():
            self.warn(f"{NO_NODE} Without it pages load the modules, one by one.")
            return super().run()
        bundle()
        super().run()
        for module in (ROOT / "release/wheel").iterdir():
            shutil.copy(module, Path(self.build_lib) / CLIENT)


class Sdist(sdist):
    """Put the one file into the sdist, so that a wheel is built from it without Node.js."""

    def run(self) -> None:
        if not can_bundle():
            sys.exit(NO_NODE)
        bundle()
        super().run()


def readme() -> str:
    """Return the front page with links that lead to this version's files from anywhere."""
    files = f"{PROJECT['urls']['Source']}/blob/v{PROJECT['version']}/"
    return re.sub(r"\]\((?!https?:|#)", f"]({files}", (ROOT / "README.md").read_text())


setup(
    cmdclass={"build_py": BuildPy, "sdist": Sdist},
    long_description=readme(),
    long_description_content_type="text/markdown",
)

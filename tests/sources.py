"""The project's Python files as trees, each parsed once."""

import ast
import gc
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """Return the tree of a file.

    Garbage is left alone meanwhile: a traceback that is written when some is collected is parsed,
    too, and Python 3.11 then fails with "recursion depth mismatch".
    """
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()

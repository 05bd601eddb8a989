"""Another server's application, with each full pass of the garbage collector written to a file.

``COLLECTED`` names its module, and ``PASSES`` the file: a line for each has its CPU milliseconds.
"""

import gc
import os
import time
from importlib import import_module
from pathlib import Path

application = import_module(os.environ["COLLECTED"]).application

_began = 0.0


def note(phase, about):
    global _began
    if phase == "start":
        _began = time.thread_time()
    elif about["generation"] == 2:
        with Path(os.environ["PASSES"]).open("a") as passes:
            passes.write(f"{(time.thread_time() - _began) * 1000:.2f}\n")


gc.callbacks.append(note)

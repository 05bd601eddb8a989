"""A screen that nobody sees: an X server which draws into memory."""

import os
import shutil
import subprocess


def start() -> None:
    """Start one, for as long as this process lives, and have GTK use it."""
    xvfb = shutil.which("Xvfb")
    assert xvfb, "Xvfb is not installed"
    reading, writing = os.pipe()
    command = [xvfb, "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *command],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading) as chosen:
        os.environ["DISPLAY"] = f":{chosen.readline().strip()}"

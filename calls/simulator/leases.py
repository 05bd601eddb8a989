"""Which process sends a webhook, and whether it is still there."""

import os
import socket


def this_process() -> str:
    """Return the name of this process: its machine and its number there."""
    return f"{socket.gethostname()}/{os.getpid()}"


def has_ended(process: str) -> bool:
    """Say whether a process is surely gone; of those on other machines nobody knows."""
    machine, _, number = process.rpartition("/")
    if machine != socket.gethostname():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

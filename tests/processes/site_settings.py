"""The demo's settings with a quick hash for passwords."""

from project.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.processes.quick_hasher.QuickHasher"]

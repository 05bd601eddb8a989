"""The flight recorder: which sockets there were, and what each was handed and proved to have."""

from realtime.recorder.base import EndedBy, Following, Life, Process, RecorderBackend, Step
from realtime.recorder.configured import recorder_backend

__all__ = [
    "EndedBy",
    "Following",
    "Life",
    "Process",
    "RecorderBackend",
    "Step",
    "recorder_backend",
]

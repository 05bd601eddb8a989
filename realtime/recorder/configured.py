"""The recorder's backend that the settings name."""

from __future__ import annotations

from realtime.concurrency.connections import is_of_one_process
from realtime.conf import cached_until_set, made_backend, realtime_settings, require_app
from realtime.recorder.base import RecorderBackend

DATABASE = "realtime.recorder.database.DatabaseRecorder"
MEMORY = "realtime.recorder.memory.MemoryRecorder"


@cached_until_set("REALTIME")
def recorder_backend() -> RecorderBackend | None:
    """Return the backend that ``REALTIME["RECORDER"]`` names, None where nothing is recorded."""
    configured = realtime_settings().RECORDER
    if configured is False:
        return None
    require_app()
    if configured is True:
        configured = {"BACKEND": MEMORY if is_of_one_process("RecordedSocket") else DATABASE}
    backend: RecorderBackend = made_backend(configured)
    return backend

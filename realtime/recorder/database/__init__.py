"""The flight recorder in the project's database."""

from realtime.recorder.database.backend import DatabaseRecorder

__all__ = ["DatabaseRecorder"]

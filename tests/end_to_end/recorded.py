"""What the end-to-end tests serve, with a recorder that a test can wait for."""

from tests.end_to_end.served import application

__all__ = ["application"]

from realtime.recorder import writer

writer.LEASE, writer.WRITE_EVERY, writer.SETTLE = 3.0, 0.3, 0.2

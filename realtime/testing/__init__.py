"""Tools for the tests of projects that use realtime; production code never imports them."""

from realtime.exceptions import RealtimeError
from realtime.testing.cable import Cable
from realtime.testing.communicator import RealtimeCommunicator

__all__ = ["Cable", "RealtimeCommunicator", "RealtimeError"]

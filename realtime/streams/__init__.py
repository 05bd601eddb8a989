"""Streams: who may follow one, its snapshot, and what a message to it does."""

from realtime.exceptions import Refused
from realtime.streams.registry import is_served as is_served
from realtime.streams.registry import register
from realtime.streams.signed import sign_stream
from realtime.streams.stream import Mode, Stream
from realtime.streams.user import UserStream

__all__ = ["Mode", "Refused", "Stream", "UserStream", "register", "sign_stream"]

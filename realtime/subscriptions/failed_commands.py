"""What a client gets where its command was refused or has failed."""

from __future__ import annotations

from realtime.exceptions import FrameError
from realtime.logs import LIMITED, get_logger
from realtime.sockets.failures import is_for_now

logger = get_logger(__name__)

AWAY = "Something that the server needs for this is away; try again."
FAULT = "The server failed to do this; it is logged."
LATE = "The server is too busy to do this in time; try again."


def shown(error: Exception, command: str, socket: str) -> FrameError:
    """Log why a command of a socket failed, and return what its client gets.

    That is to try again, if that may help. A refusal is passed on as it is.
    """
    if isinstance(error, FrameError):
        logger.info("refused socket=%s code=%s reason=%s", socket, error.code, error, extra=LIMITED)
        return error
    if is_for_now(error):
        # Thousands of sockets get it together, and no traceback says more.
        logger.error("failed socket=%s command=%s error=%r", socket, command, error, extra=LIMITED)
        return FrameError("internal", LATE if isinstance(error, TimeoutError) else AWAY)
    logger.error("failed socket=%s command=%s", socket, command, exc_info=error, extra=LIMITED)
    if command == "subscribe":
        return FrameError("failed", FAULT)
    return FrameError("internal", FAULT)

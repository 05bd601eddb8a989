"""How the heartbeat of a wrapped socket goes, as its middleware and its application set it."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.sockets.asgi import Message


@dataclass(frozen=True)
class HeartbeatOptions:
    """How a heartbeat goes; ``interval`` and ``timeout`` are in seconds, None takes the setting.

    Without ``required`` the first ping waits for the peer's first heartbeat. ``on_stale`` is a
    message that the application gets before the disconnect of a peer that does not answer.
    """

    interval: float | None = None
    timeout: float | None = None
    required: bool = True
    on_stale: Message | None = None

    def overridden_by(self, inner: HeartbeatOptions) -> HeartbeatOptions:
        """Return these with what an application inside has set."""
        return HeartbeatOptions(
            interval=inner.interval or self.interval,
            timeout=inner.timeout or self.timeout,
            required=inner.required and self.required,
            on_stale=inner.on_stale or self.on_stale,
        )

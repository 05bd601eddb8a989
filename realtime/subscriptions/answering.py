"""What this process answers when others ask about its sockets: one for each event loop."""

from __future__ import annotations

from realtime.concurrency.per_loop import PerLoop
from realtime.fanout.hub import running_hub
from realtime.recorder.nobody import answer_handed, running_nobody_watch
from realtime.recorder.recorder import running_recorder


class Answering:
    """Answers about the sockets of this loop, and has somebody ask which events nobody got."""

    def __init__(self) -> None:
        hub = running_hub()
        hub.answer("lives", running_recorder().answer_lives)
        hub.answer("handed", answer_handed)
        running_nobody_watch()


_answering = PerLoop(Answering)


def running_answering() -> Answering:
    """Return what answers in the running event loop; the first call begins it."""
    return _answering.current()

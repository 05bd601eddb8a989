"""Lives as JSON: between processes, and in the stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime.recorder.base import EndedBy, Following, Life, Step

JSON = dict[str, Any]


def life_to_json(life: Life) -> JSON:
    """Return a life as JSON can carry it."""
    return {
        "socket": life.socket,
        "process": life.process,
        "user": life.user,
        "user_agent": life.user_agent,
        "opened_at": life.opened_at,
        "ended_at": life.ended_at,
        "code": life.code,
        "ended_by": life.ended_by,
        "latency": life.latency,
        "proved_at": life.proved_at,
        "followings": [following_to_json(one) for one in life.followings],
    }


def life_from_json(data: JSON) -> Life:
    """Return the life that ``life_to_json`` was given.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else.
    """
    ended_by = data["ended_by"]
    followings = tuple(following_from_json(one) for one in data["followings"])
    changed = {
        "ended_by": None if ended_by is None else EndedBy(ended_by),
        "followings": followings,
    }
    return Life(**{**data, **changed})


def following_to_json(following: Following) -> JSON:
    """Return a following as JSON can carry it."""
    return {
        "stream": following.stream,
        "epoch": following.epoch,
        "since": following.since,
        "began_after": following.began_after,
        "handed": following.handed,
        "proved": following.proved,
        "until": following.until,
        "steps": steps_to_json(following.steps),
        "selects": following.selects,
    }


def following_from_json(data: JSON) -> Following:
    """Return the following that ``following_to_json`` was given."""
    return Following(**{**data, "steps": steps_from_json(data["steps"])})


def steps_to_json(steps: Sequence[Step]) -> list[list[Any]]:
    """Return steps as JSON can carry them: an offset, two times in milliseconds, and 1 or 0."""
    return [
        [step.offset, _ms(step.handed_at), _ms(step.proved_at), int(step.is_replay)]
        for step in steps
    ]


def steps_from_json(data: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    """Return the steps that ``steps_to_json`` was given."""
    return tuple(
        Step(offset, handed / 1000, None if proved is None else proved / 1000, bool(is_replay))
        for offset, handed, proved, is_replay in data
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)

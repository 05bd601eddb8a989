"""Until when a call's state can be true, and when the phone company is asked: pure rules.

A webhook that is lost is not repeated, so a state that has lasted too long is asked for. Nothing is
decided by age alone: an instant that has passed is only a reason to ask.
"""

from datetime import datetime, timedelta

from calls.states import FINAL, RING_SECONDS, State

RING = timedelta(seconds=RING_SECONDS)
"""How long phones ring: the ``timeout`` of ``<Dial>`` and of a call that is placed."""

MARGIN = timedelta(seconds=10)
"""How late a webhook may be before it counts as lost: enough for the phones' own delay and a second
attempt after a failed one, to which Twilio gives 5 s to connect
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

SENTENCE = timedelta(seconds=10)
"""How long a caller listens before the recording begins."""

RECORDING = timedelta(seconds=120)
"""How long a message may be: the ``maxLength`` of ``<Record>``."""

ANSWERING = timedelta(seconds=8)
"""How long it may take until an agent who pressed Answer is connected: the caller is moved to her
phone, and her page accepts by itself. The claim itself lasts as long as the phone rings."""

DISCONNECTED = timedelta(seconds=5)
"""How long after the end of its last conversation a call goes on without a webhook."""

TRANSFER = RING + MARGIN
"""How long after it was begun a transfer goes on without a webhook."""

TALK = timedelta(minutes=10)
"""How long a conversation is believed; it may last hours, so it is asked for now and then."""

DOUBT = timedelta(seconds=15)
"""How long after its time a call may wait for its question before it counts as not certain: a
company that doesn't answer takes seconds for each call."""

STARTING = timedelta(seconds=5)
"""How long a server may take from its start until it surely takes webhooks."""

PLACING = timedelta(seconds=15)
"""How long the company may take to place a call after the request for it was given up: Twilio
carries out what it has received."""

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(seconds=60)


def check_at(
    state: State,
    *,
    now: datetime,
    voicemail: bool = False,
    claimed_until: datetime | None = None,
    unplaced_since: datetime | None = None,
    transferred: bool = False,
    connected: bool = True,
    complete: bool = True,
) -> datetime | None:
    """Return when a call that entered ``state`` at ``now`` is to be asked for; None for never.

    ``voicemail`` says that the caller hears the sentence and leaves a message. A claim until
    ``claimed_until`` is looked after when the agent should be connected, and at its end.
    ``unplaced_since`` is when the company was asked to place a call that it hasn't named yet.
    ``connected`` says that two people talk, ``transferred`` that an agent is to get the call. A
    call that is over is asked for once more unless it is ``complete``.
    """
    if state in FINAL:
        if complete:
            return None
        reasons = [now + MARGIN]
    else:
        reasons = [now + lasts(state, voicemail=voicemail), *looked_after(claimed_until, now)]
    if unplaced_since is not None:
        reasons.append(max(now, unplaced_since + PLACING))
    if transferred:
        reasons.append(now + TRANSFER)
    if state == State.IN_PROGRESS and not connected:
        reasons.append(now + DISCONNECTED)
    return min(reasons)


def looked_after(claimed_until: datetime | None, now: datetime) -> list[datetime]:
    """Return when a claim is looked after from ``now`` on; its end counts even when it is past."""
    if claimed_until is None:
        return []
    connected = claimed_until - RING + ANSWERING
    return [connected, claimed_until] if connected > now else [claimed_until]


def lasts(state: State, *, voicemail: bool = False) -> timedelta:
    """Return how long a call can be in an active state without a webhook."""
    if state == State.IN_PROGRESS:
        return TALK
    return (SENTENCE + RECORDING if voicemail else RING) + MARGIN


def retry_at(now: datetime, failures: int) -> datetime:
    """Return when a company that was asked ``failures`` times in vain is asked again.

    The pauses are 2, 4, 8, 16, 32 and then always 60 s.
    """
    doublings = min(max(failures, 1) - 1, 5)
    return now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)


def unchanged_at(
    *, now: datetime, changed_at: datetime, talking: bool, claimed_until: datetime | None = None
) -> datetime:
    """Return when an active call is asked for again, of which the company says nothing new.

    The pause is half of the time that the call has been as it is, between 5 and 60 s, and not
    longer than a claim. While two people talk it is ten minutes.
    """
    if talking:
        return now + TALK
    again = now + min(max((now - changed_at) / 2, MARGIN / 2), LONGEST_PAUSE)
    return min([again, *looked_after(claimed_until, now)])

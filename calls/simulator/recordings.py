"""What callers say to ``<Record>``: a tone of as many seconds, as a WAV file."""

import io
import math
import struct
import wave
from datetime import datetime

from calls.simulator.account import ACCOUNT_SID
from calls.simulator.legs import notify
from calls.simulator.models import Leg, Recording
from calls.simulator.twiml import Record

RATE = 8000
"""Samples a second, as on the telephone."""
HERTZ = 330
VOLUME = 8000
"""Of the 32,767 that a sample can have."""

API = "https://simulator.invalid"
"""Where the company's REST API would be; nothing answers there."""
ROOT = f"{API}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/"
"""Where the addresses of recordings begin."""


def made(leg: Leg, verb: Record, at: datetime) -> dict[str, str]:
    """Keep what a caller has said until an instant; returns what the action of the verb gets."""
    seconds = round((at - leg.verb_began_at).total_seconds()) if leg.verb_began_at else 0
    recording = Recording.objects.create(leg=leg, seconds=seconds)
    about = {
        "RecordingSid": recording.sid,
        "RecordingUrl": f"{ROOT}{recording.sid}",
        "RecordingDuration": str(seconds),
    }
    if verb.status_callback:
        source = {"RecordingStatus": "completed", "RecordingSource": "RecordVerb"}
        notify(leg, verb.status_callback, at, {**about, **source})
    return {**about, "Digits": "hangup"} if leg.is_over else about


def audio(sid: str) -> bytes | None:
    """Return the WAV file of a recording; None where there is none."""
    recording = Recording.objects.filter(sid=sid).first()
    return None if recording is None else tone(recording.seconds)


def tone(seconds: int) -> bytes:
    """Return a WAV file with a tone."""
    wave_form = (VOLUME * math.sin(2 * math.pi * HERTZ * n / RATE) for n in range(RATE))
    second = b"".join(struct.pack("<h", round(sample)) for sample in wave_form)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(second * seconds)
    return file.getvalue()

"""The desk, and its requests in JSON."""

from calls.views.asking import ask
from calls.views.desk import call_list, desk
from calls.views.messages import message
from calls.views.phone import phone
from calls.views.ringing import answer, decline, hang_up
from calls.views.simulation import simulate, simulate_word
from calls.views.status import status
from calls.views.supervision import supervisor
from calls.views.talks import hold, transfer

__all__ = [
    "answer",
    "ask",
    "call_list",
    "decline",
    "desk",
    "hang_up",
    "hold",
    "message",
    "phone",
    "simulate",
    "simulate_word",
    "status",
    "supervisor",
    "transfer",
]

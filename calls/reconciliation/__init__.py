"""Asks the phone company for calls whose state may be over, because webhooks get lost.

It asks, and never decides by age alone; it never ends, places or rings anything.
"""

from calls.reconciliation.asking import ask
from calls.reconciliation.due import ask_doubtful, ask_soon, ask_unless_over, due_now, take_one
from calls.reconciliation.sweeping import check, sweep

__all__ = [
    "ask",
    "ask_doubtful",
    "ask_soon",
    "ask_unless_over",
    "check",
    "due_now",
    "sweep",
    "take_one",
]

"""The signal for a call that has changed."""

from django.dispatch import Signal

call_changed = Signal()
"""Sent inside the transaction that creates a call or changes its state.

Arguments: ``sender`` (the class ``Call``), ``call`` (already changed) and ``previous`` (the state
before, None for a new call). If a receiver raises, the change is rolled back.
"""

"""The signal that a call has changed."""

from django.dispatch import Signal

call_changed = Signal()
"""Sent inside the transaction in which a call is created or changes its state.

Arguments: ``sender`` (the class ``Call``), ``call`` (with the change in it) and ``previous`` (the
state before, None for a new call). A receiver that raises undoes the change.
"""

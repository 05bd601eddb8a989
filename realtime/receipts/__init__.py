"""Receipts: which sockets proved that they received an event, and what is done if none did."""

from realtime.receipts.base import DeadlineState, Proof, Receipt, UnreceivedEvent

__all__ = ["DeadlineState", "Proof", "Receipt", "UnreceivedEvent"]

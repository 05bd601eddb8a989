"""The tables of the database event log, of presence, the flight recorder, receipts and tickets."""

from realtime.models import presence, receipts, recorder  # noqa: F401 (Django finds tables so)
from realtime.models.log import Event, StreamHead
from realtime.models.tickets import UsedTicket

__all__ = ["Event", "StreamHead", "UsedTicket"]

"""Publishes what becomes of a model's rows, in the transaction that changes them."""

from realtime.contrib.models.declaring import row_data, streams_model
from realtime.contrib.models.querysets import StreamedManager, StreamedQuerySet
from realtime.contrib.models.row_stream import RowStream

__all__ = ["RowStream", "StreamedManager", "StreamedQuerySet", "row_data", "streams_model"]

"""How the demo writes its log: no text from outside can pass for a line, or fill the disk."""

import logging
import time

from realtime.logs import LineLimit

INDENT = "\n    "


class Formatter(logging.Formatter):
    """Indents all but the first line of an entry, of a traceback for example."""

    def format(self, record: logging.LogRecord) -> str:
        return INDENT.join(super().format(record).splitlines())


class FewRefusals(logging.Filter):
    """Limits what Django logs of requests that it refused, by kind and minute."""

    def __init__(self) -> None:
        super().__init__()
        self._limit = LineLimit()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(("django.request", "django.security")):
            return True
        kind = record.name, str(record.msg)
        suppressed = self._limit.suppressed(kind, time.monotonic())
        if suppressed:
            record.msg = f"{record.msg} suppressed={suppressed}"
        return suppressed is not None

"""Voice messages of callers whom nobody answered."""

from calls.models import Call, Message
from realtime.logs import get_logger

logger = get_logger(__name__)


def keep(call: Call, *, recording: str, url: str, seconds: int | None) -> None:
    """Keep a call's message; the company reports it twice, in any order, and maybe again.

    An empty recording is none: the caller hung up during the sentence.
    """
    if not url or seconds == 0:
        logger.info("no message call=%d sid=%s", call.pk, call.sid)
        return
    sid = recording or url.rpartition("/")[2][:64]
    with Call.objects.change(call.pk) as locked:
        message, is_new = Message.objects.get_or_create(
            call=locked, defaults={"recording": sid, "url": url, "seconds": seconds}
        )
        if message.seconds is None and seconds is not None:
            message.seconds = seconds
            message.save(update_fields=["seconds"])
        locked.message = message
    logger.info("message call=%d sid=%s recording=%s new=%s", call.pk, call.sid, sid, is_new)

"""Finds voice messages of which no webhook has come."""

from calls import voicemail
from calls.models import Call, Message
from calls.telephony import NoSuchCall, Telephony, VoiceMessage


def find_messages(call: Call, company: Telephony) -> list[VoiceMessage]:
    """Return the messages that the company has of a call which is over and should have one.

    Raises ``TelephonyError``.
    """
    if not (call.sid and call.is_over and call.voicemail):
        return []
    if Message.objects.filter(call=call).exists():
        return []
    try:
        return company.messages(call.sid)
    except NoSuchCall:
        return []


def keep_messages(call: Call, found: list[VoiceMessage]) -> None:
    """Keep what was found as webhooks do; for use in a transaction."""
    for message in found:
        voicemail.keep(call, **message._asdict())

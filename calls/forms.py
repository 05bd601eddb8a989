"""The forms that check what Twilio's webhooks carry, by Twilio's names.

A state that is true must not be refused for what isn't needed to record it, so what is optional and
malformed is dropped, and logged. Parameters that no form names are ignored.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from calls.models import Call
from calls.rounds import Dial
from calls.states import Direction, State
from realtime.logs import get_logger

logger = get_logger(__name__)

MAX_INTEGER = 2**31 - 1
"""The largest number that every database stores in an integer column."""

MAX_KEY = 2**63 - 1
"""The largest primary key."""

MAX_SID = 64


class InstantField(forms.CharField):
    """A time of RFC 2822, with its time zone."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            instant = parsedate_to_datetime(text)
        except (ValueError, OverflowError) as error:
            raise ValidationError("It is not a time of RFC 2822.") from error
        if instant.tzinfo is None:
            raise ValidationError("It has no time zone.")
        return instant


class ParentField(forms.CharField):
    """The sid of a leg's parent. One that is too long stays a parent, of which no call is known."""

    def clean(self, value: Any) -> str:
        return super().clean(str(value or "").replace("\0", "")[:MAX_SID])


def optional_number(largest: int = MAX_INTEGER) -> forms.IntegerField:
    """Return a field for a number from 0 on that may be missing."""
    return forms.IntegerField(min_value=0, max_value=largest, required=False)


class SignedForm(forms.Form):
    """What all webhooks carry, and what their addresses do (``twiml.webhook_url``).

    ``call`` is the primary key of a call. ``called`` and ``claim`` are for which round or whose
    claim a ``<Dial>`` was made.
    """

    CallSid = forms.CharField(max_length=MAX_SID, error_messages={"required": "It is missing."})
    call = optional_number(MAX_KEY)
    called = optional_number()
    claim = forms.CharField(max_length=MAX_SID, required=False)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return the form of a request, bound."""
        of_address = {name: request.GET.get(name, "") for name in ("call", "called", "claim")}
        return cls({**request.POST.dict(), **of_address})

    def clean(self) -> dict[str, Any]:
        for name in [name for name in self.errors if not self.fields[name].required]:
            logger.warning(
                "webhook parameter dropped parameter=%s reason=%s", name, self.errors[name][0]
            )
            del self.errors[name]
            self.cleaned_data[name] = self.fields[name].clean("")
        return self.cleaned_data

    def known_call(self) -> Call | None:
        """Return the call that the address names, or whose own leg this is."""
        named = Call.objects.filter(pk=self.cleaned_data["call"]).first()
        return named or Call.objects.filter(sid=self.cleaned_data["CallSid"]).first()

    def complaint(self) -> str:
        """Return a sentence about the first parameter that is wrong."""
        field, errors = next(iter(self.errors.items()))
        return f"{field}: {errors[0]}"


class WebhookForm(SignedForm):
    """The parameters of a voice request, a status callback or the ``action`` of ``<Dial>``.

    See https://www.twilio.com/docs/voice/twiml#request-parameters, for status callbacks
    https://www.twilio.com/docs/voice/api/call-resource#statuscallback, and for ``action``
    https://www.twilio.com/docs/voice/twiml/dial#action.
    """

    CallStatus = forms.TypedChoiceField(
        choices=[(state, state) for state in State],
        coerce=State,
        error_messages={
            "required": "It is missing.",
            "invalid_choice": "No call has the state %(value)s.",
        },
    )
    Direction = forms.CharField(required=False)
    From = forms.CharField(max_length=320, required=False)
    To = forms.CharField(max_length=320, required=False)
    ParentCallSid = ParentField(required=False)
    SequenceNumber = optional_number()
    CallDuration = optional_number()
    Timestamp = InstantField(required=False)
    DialCallSid = forms.CharField(max_length=MAX_SID, required=False)
    DialCallStatus = forms.CharField(max_length=32, required=False)

    def dial(self) -> Dial:
        """Return the ``<Dial>`` whose end this is, as the rules of rounds know it."""
        data = self.cleaned_data
        answered = data["DialCallStatus"] in ("completed", "answered")
        return Dial(answered, data["claim"], data["called"])

    def new_call(self) -> dict[str, Any]:
        """Return the fields that a new call gets."""
        outbound = self.cleaned_data["Direction"].startswith("outbound")
        return {
            "direction": Direction.OUTBOUND if outbound else Direction.INBOUND,
            "from_number": self.cleaned_data["From"],
            "to_number": self.cleaned_data["To"],
        }


class RecordedForm(SignedForm):
    """The parameters of ``<Record>``: of its ``action``, and of its status callback.

    See https://www.twilio.com/docs/voice/twiml/record#attributes-action. The status callback has no
    ``CallStatus``.
    """

    RecordingSid = forms.CharField(max_length=MAX_SID, required=False)
    RecordingUrl = forms.URLField(max_length=500, required=False, assume_scheme="https")
    RecordingDuration = optional_number()

"""The form that checks what Twilio's webhooks carry."""

from typing import Any

from django import forms

from calls.states import Direction, State

MAX_INTEGER = 2**31 - 1
"""The largest number that every database stores in an integer column."""


class WebhookForm(forms.Form):
    """The parameters of a voice request or status callback, by Twilio's names.

    See https://www.twilio.com/docs/voice/twiml#request-parameters and, for status callbacks,
    https://www.twilio.com/docs/voice/api/call-resource#statuscallback. Others are ignored.
    """

    CallSid = forms.CharField(max_length=64, error_messages={"required": "It is missing."})
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
    ParentCallSid = forms.CharField(max_length=64, required=False)
    SequenceNumber = forms.IntegerField(min_value=0, max_value=MAX_INTEGER, required=False)
    CallDuration = forms.IntegerField(min_value=0, max_value=MAX_INTEGER, required=False)

    def new_call(self) -> dict[str, Any]:
        """Return the fields that a new call gets."""
        outbound = self.cleaned_data["Direction"].startswith("outbound")
        return {
            "direction": Direction.OUTBOUND if outbound else Direction.INBOUND,
            "from_number": self.cleaned_data["From"],
            "to_number": self.cleaned_data["To"],
        }

    def complaint(self) -> str:
        """Return a sentence about the first parameter that is wrong."""
        field, errors = next(iter(self.errors.items()))
        return f"{field}: {errors[0]}"

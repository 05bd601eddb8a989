"""What Twilio's webhooks carry."""

from typing import Any

from django import forms

from calls.models import Direction
from calls.states import State

MOST = 2**31 - 1  # that every database keeps as an integer


class WebhookForm(forms.Form):
    """The parameters of a voice request or status callback, by Twilio's names.

    See https://www.twilio.com/docs/voice/twiml#request-parameters and, for status callbacks,
    https://www.twilio.com/docs/voice/api/call-resource#statuscallback; others are let pass.
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
    SequenceNumber = forms.IntegerField(min_value=0, max_value=MOST, required=False)
    CallDuration = forms.IntegerField(min_value=0, max_value=MOST, required=False)

    def new_call(self) -> dict[str, Any]:
        """Return the fields of the call, should it be a new one."""
        outbound = self.cleaned_data["Direction"].startswith("outbound")
        return {
            "direction": Direction.OUTBOUND if outbound else Direction.INBOUND,
            "from_number": self.cleaned_data["From"],
            "to_number": self.cleaned_data["To"],
        }

    def complaint(self) -> str:
        """Return the first thing that is wrong, in a sentence."""
        field, errors = next(iter(self.errors.items()))
        return f"{field}: {errors[0]}"

"""What a caller said after the tone."""

from django.db import models


class Message(models.Model):
    """A voice message; the company keeps the sound, and ``url`` is where it does."""

    call = models.OneToOneField("calls.Call", models.CASCADE)
    recording = models.CharField("Twilio's sid of the recording", max_length=64, unique=True)
    url = models.URLField(max_length=500)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.recording} of call {self.call_id}"

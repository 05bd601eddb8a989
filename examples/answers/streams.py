"""A stream for each answer, whose events are its words."""

from typing import Any

from examples.answers.models import Answer
from realtime.streams import Stream, register


@register("answer")
class AnswerStream(Stream):
    retention = {"COUNT": 20_000, "AGE": 86_400}  # All words of the longest answer, for a day.

    def authorize(self, user: Any) -> bool:
        return Answer.objects.filter(key=self.key, owner=user).exists()

    def snapshot(self, user: Any) -> Any:
        """For a page whose position the log has no more."""
        return Answer.objects.get(key=self.key).text

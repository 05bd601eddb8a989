"""Asks the model, as a task of Celery's."""

from django.db import transaction

from examples.answers.model import words
from examples.answers.models import Answer
from examples.site.tasks import shared_task  # With Celery: from celery import shared_task
from realtime import publish


@shared_task
def answer(answer_id: int) -> None:
    answer = Answer.objects.get(pk=answer_id)
    publish(answer.stream, "begin")  # An earlier attempt may have failed in the middle.
    spoken = []
    for word in words(answer.question):
        spoken.append(word)
        publish(answer.stream, "word", word)
    answer.text = "".join(spoken).strip()
    with transaction.atomic():
        answer.save(update_fields=["text"])
        publish(answer.stream, "complete", answer.text)

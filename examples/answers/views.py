"""A form for questions, and a page for each answer."""

import uuid

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from examples.answers.models import Answer
from examples.answers.tasks import answer as answer_task
from realtime import position


@login_required
def new_question(request: HttpRequest) -> HttpResponse:
    return render(request, "answers/answer.html", {"key": uuid.uuid4()})


@login_required
def answer(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        question = request.POST.get("question", "")[:300]
        new = {"owner": request.user, "question": question, "start": position(f"answer.{key}")}
        with transaction.atomic():
            answer, created = Answer.objects.get_or_create(key=str(key), defaults=new)
            if created:
                answer_task.delay_on_commit(answer.pk)
        return redirect("answer", key)
    answer = get_object_or_404(Answer, key=str(key), owner=request.user)
    context = {"answer": answer, "positions": {answer.stream: answer.start}, "key": uuid.uuid4()}
    return render(request, "answers/answer.html", context)

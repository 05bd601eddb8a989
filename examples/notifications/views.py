"""The inbox, and a form that notifies somebody."""

import uuid

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from examples.notifications.models import Notification, newest
from realtime import position, publish


@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    where = position(request.user)  # Before the data: what comes later is replayed.
    context = {"position": where, "newest": newest(request.user), "key": uuid.uuid4()}
    return render(request, "notifications/inbox.html", context)


@login_required
@require_POST
def notify(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    user = get_object_or_404(get_user_model(), username=request.POST.get("to"))
    new = {"user": user, "text": f"{request.user}: {request.POST.get('text', '')}"[:200]}
    with transaction.atomic():
        notification, created = Notification.objects.get_or_create(key=key, defaults=new)
        if created:
            publish(user, "notification", notification.as_json())
    return redirect("inbox")

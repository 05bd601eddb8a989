"""A button that starts a job, and the job's page."""

import uuid

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from examples.progress.models import Job
from examples.progress.tasks import export


@login_required
def new_job(request: HttpRequest) -> HttpResponse:
    return render(request, "progress/job.html", {"key": uuid.uuid4()})


@login_required
def job(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        with transaction.atomic():
            new = {"owner": request.user}
            job, created = Job.objects.get_or_create(key=str(key), defaults=new)
            if created:
                export.delay_on_commit(job.pk)
        return redirect("job", key)
    job = get_object_or_404(Job, key=str(key), owner=request.user)
    return render(request, "progress/job.html", {"job": job, "key": uuid.uuid4()})

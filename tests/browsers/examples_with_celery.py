"""Runs the job of the examples as a task of Celery's, which takes the place of the stand-in."""

import django
from celery import Celery, shared_task
from django.core.management import call_command
from django.db import transaction

from examples.site import tasks

tasks.shared_task = shared_task
app = Celery("examples", broker="memory://", set_as_current=True)
app.conf.task_always_eager = True
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)

from django.contrib.auth import get_user_model  # noqa: E402

from examples.progress.models import Job  # noqa: E402
from examples.progress.tasks import export  # noqa: E402

owner = get_user_model().objects.create(username="alice")
with transaction.atomic():
    job = Job.objects.create(key="1", owner=owner, total=3)
    export.delay_on_commit(job.pk)
    print(Job.objects.get())
print(Job.objects.get())

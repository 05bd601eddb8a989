"""The job, as a task of Celery's."""

import time

from django.db import transaction

from examples.progress.models import Job
from examples.site.tasks import shared_task  # With Celery: from celery import shared_task
from realtime import publish


@shared_task
def export(job_id: int) -> None:
    """Do the work, from where an earlier attempt has stopped."""
    job = Job.objects.get(pk=job_id)
    while job.done < job.total:
        time.sleep(0.03)  # The work.
        job.done += 1
        with transaction.atomic():
            job.save(update_fields=["done"])
            publish(job.stream, "progress", job.as_json())

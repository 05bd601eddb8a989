"""What a Celery worker runs that publishes; the broker is Redis."""

import os

from celery import Celery

app = Celery("celery_worker", broker=os.environ["REDIS_URL"])
app.conf.worker_send_task_events = False


@app.task(name="publish")
def publish_one(number: int) -> None:
    from tests.end_to_end.publishers import publish_one

    publish_one(number)

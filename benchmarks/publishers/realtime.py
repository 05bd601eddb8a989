"""Publishes as a Django project does, with ``publish`` in sync code."""

import django

from benchmarks.publishers.lines import events

if __name__ == "__main__":
    django.setup()

    from realtime import publish

    for stream, data in events():
        publish(stream, "call.state", data)

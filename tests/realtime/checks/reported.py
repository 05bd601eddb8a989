from django.core.checks import run_checks


def messages():
    return [
        message
        for message in run_checks(databases=[])
        if (message.id or "").startswith("realtime.")
    ]

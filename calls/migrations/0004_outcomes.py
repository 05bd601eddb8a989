from django.db import migrations, models


ACTIVE = ["queued", "initiated", "ringing", "in-progress"]
ENDS = {"busy": "busy", "failed": "failed", "no-answer": "missed", "canceled": "gave-up"}


def add_outcomes(apps, schema_editor):
    """Say how the calls ended that are over, and who placed them; none is claimed any more."""
    calls = apps.get_model("calls", "Call").objects
    outbound = calls.filter(direction="outbound")
    outbound.filter(placed_by=None).update(placed_by=models.F("claimed_by"))
    calls.filter(claimed_until=None).exclude(claimed_by=None).update(claimed_by=None)
    over = calls.exclude(state__in=ACTIVE)
    over.filter(outcome="").exclude(answered_at=None).update(outcome="answered")
    for state, outcome in ENDS.items():
        over.filter(state=state, outcome="").update(outcome=outcome)
    over.filter(direction="outbound", outcome="").update(outcome="gave-up")
    over.filter(outcome="").update(outcome="missed")


class Migration(migrations.Migration):
    # PostgreSQL makes no index of a table whose rows the same transaction has changed twice.

    dependencies = [
        ('calls', '0003_history'),
    ]

    operations = [
        migrations.RunPython(add_outcomes, migrations.RunPython.noop),
    ]

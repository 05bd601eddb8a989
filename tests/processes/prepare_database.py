"""Makes the tables and the demo's users: two commands in one process, whose start takes longest."""

import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)
call_command("create_demo_users")

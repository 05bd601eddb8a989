"""`python -m examples` prepares a database with three users, and serves the examples."""

import os

import django
from daphne.cli import CommandLineInterface
from django.core.management import call_command

ADDRESS = "127.0.0.1"  # Anybody who reaches the pages may be any of their users.
PORT = os.environ.get("PORT", "8001")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.site.settings")
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from examples.site.demo_data import create_demo_data

    create_demo_data()
    print(f"The examples are at http://{ADDRESS}:{PORT}. Ctrl-C ends them.", flush=True)
    CommandLineInterface().run(["-b", ADDRESS, "-p", PORT, "examples.site.asgi:application"])

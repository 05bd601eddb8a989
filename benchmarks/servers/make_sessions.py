"""Makes the database of the servers that use sessions: users, and a session for each."""

import sys

import django


def main(users: int) -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.models import Session
    from django.core.management import call_command
    from django.utils.timezone import now, timedelta

    from benchmarks.sessions import session_key

    call_command("migrate", verbosity=0)
    made = User.objects.bulk_create(
        User(pk=number, username=f"user{number}", password="!unusable")
        for number in range(1, users + 1)
    )
    Session.objects.bulk_create(
        Session(
            session_key=session_key(user.pk),
            session_data=Session.get_session_store_class()().encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=now() + timedelta(days=14),
        )
        for user in made
    )


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))

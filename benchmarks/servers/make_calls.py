"""Makes agents with sessions, and a year of calls: ``... make_calls AGENTS CALLS``.

In the database of the demo's settings, which is PostgreSQL.
"""

import sys

import django

CALLS = """
INSERT INTO calls_call (
    sid, direction, from_number, to_number, party, party_backwards, state, outcome,
    answered_by_id, placed_by_id, claim, rung, rung_now, declined, unreceived, voicemail, held,
    conference, version, started_at, answered_at, ended_at, changed_at, duration, certain,
    failed_checks
)
SELECT
    'CA' || n, 'inbound', '+' || number, '+15550100000', number, reverse(number), 'completed',
    CASE WHEN n %% 5 = 0 THEN 'missed' ELSE 'answered' END,
    CASE WHEN n %% 5 = 0 THEN NULL ELSE agents[1 + n %% cardinality(agents)] END,
    NULL, '', '[]', '[]', '[]', '[]', false, false, false,
    4, began, began + '9 s', began + '3 min', began + '3 min', 180, true, 0
FROM (
    SELECT n, agents, (15550000000 + n * 7919 %% 10000000)::text AS number,
           now() - n * '1 year'::interval / %(calls)s AS began
    FROM generate_series(1, %(calls)s) AS n,
         (SELECT array_agg(id ORDER BY id) AS agents FROM auth_user) AS everybody
) AS year
"""
LEGS = """
INSERT INTO calls_leg (sid, call_id, parent, user_id, address, state, sequence, started_at,
                       answered_at, ended_at)
SELECT sid || suffix, id, parent, CASE parent WHEN '' THEN NULL ELSE answered_by_id END, '',
       'completed', 4, started_at, answered_at, ended_at
FROM calls_call, LATERAL (VALUES ('', ''), ('a', sid)) AS legs (suffix, parent)
"""


def make_agents(count: int) -> None:
    """Make users who are agents, each with a session."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.models import Session
    from django.utils.timezone import now, timedelta

    from benchmarks.sessions import session_key
    from calls.agents import GROUP

    users = User.objects.bulk_create(
        User(username=f"agent{number}", password="!unusable") for number in range(count)
    )
    Group.objects.get_or_create(name=GROUP)[0].user_set.add(*users)
    encode = Session.get_session_store_class()().encode
    Session.objects.bulk_create(
        Session(
            session_key=session_key(number),
            session_data=encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=now() + timedelta(days=14),
        )
        for number, user in enumerate(users)
    )


def make_calls(count: int) -> None:
    """Make calls that are over, spread over the year that ends now, each with two legs."""
    from django.db import connection

    with connection.cursor() as cursor:
        if count:
            cursor.execute(CALLS, {"calls": count})
            cursor.execute(LEGS)
        cursor.execute("VACUUM ANALYZE")  # Autovacuum does it within a minute.


if __name__ == "__main__":
    django.setup()
    make_agents(int(sys.argv[1]))
    make_calls(int(sys.argv[2]))

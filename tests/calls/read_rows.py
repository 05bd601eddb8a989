"""Prints how many rows PostgreSQL reads of calls and legs for each list: ``... read_rows CALLS``.

EXPLAIN ANALYZE counts them, also those that a filter throws away.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import django

TABLES = {"calls_call", "calls_leg"}
LISTS: dict[str, dict[str, Any]] = {
    "page": {},
    "beginning": {"text": "15551234"},
    "short beginning": {"text": "1555"},
    "end": {"text": "4567"},
    "name": {"text": "agent7"},
    "agent": {"agent": 5},
}


def rows_read(**asked: Any) -> int:
    """Return the rows of calls and legs that are read for a list."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from calls.views.desk import listing

    with CaptureQueriesContext(connection) as queries:
        listing(**asked)
    read = 0
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}".replace("%", "%%"))
            [[[plan]]] = cursor.fetchall()
            read += sum(rows(node) for node in nodes(plan["Plan"]))
    return read


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node of a plan, and all below."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def rows(node: dict[str, Any]) -> int:
    """Return the rows that a scan of a node reads."""
    if node.get("Relation Name") not in TABLES:
        return 0
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return round(each * node["Actual Loops"])


if __name__ == "__main__":
    django.setup()
    from benchmarks.servers.make_calls import make_agents, make_calls

    make_agents(20)
    make_calls(int(sys.argv[1]))
    print(json.dumps({name: rows_read(**asked) for name, asked in LISTS.items()}))

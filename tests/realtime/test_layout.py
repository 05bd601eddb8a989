"""Every module of the rooms has tests where one looks for them."""

from pathlib import Path

TESTS = Path(__file__).parent
REALTIME = TESTS.parents[1] / "realtime"
ROOMS = (
    "protocol",
    "concurrency",
    "layer",
    "fanout",
    "sockets",
    "access",
    "receipts",
    "roster",
    "subscriptions",
)
"""``eventlog`` and ``recorder`` have the suites of their contracts, which run on every backend."""

TESTED_WITH = {
    "concurrency/pool": "concurrency/test_threads.py",
    "concurrency/joined_reads": "fanout/test_log_reader.py",
    "layer/asking": "layer/test_questions.py",
    "layer/redis_connections": "layer/test_redis_pubsub.py",
    "layer/postgres_connection": "layer/test_postgres.py",
    "layer/postgres_loop": "layer/test_postgres.py",
    "layer/postgres_options": "layer/test_postgres.py",
    "layer/listener": "layer/test_redis_pubsub.py",
    "layer/greenlets": "../end_to_end/test_publish_from.py",
    "sockets/inbox": "test_uvicorn.py",
    "sockets/joined_writes": "test_uvicorn.py",
    "sockets/paced_peer": "sockets/test_realtime_socket.py",
    "sockets/server_limits": "test_uvicorn.py",
    "receipts/base": "receipts/test_asking.py",
    "access/login": "access/test_authentication.py",
    "access/session_stores": "sockets/test_failures.py",
    "subscriptions/application": "subscriptions/test_commands.py",
    "subscriptions/failed_commands": "subscriptions/test_commands.py",
    "subscriptions/answering": "recorder/test_nobody.py",
    "subscriptions/follower": "subscriptions/test_replay.py",
    "subscriptions/open_sockets": "test_consumers.py",
    "subscriptions/state": "subscriptions/test_subscription.py",
    "sockets/sigterm": "sockets/test_drain.py",
}
"""Modules whose tests are those of what uses them."""

MODULES = [
    f"{room}/{path.stem}"
    for room in ROOMS
    for path in sorted((REALTIME / room).glob("*.py"))
    if path.stem != "__init__"
]


def test_a_module_has_a_test_file():
    for module in MODULES:
        room, name = module.split("/")
        assert (TESTS / TESTED_WITH.get(module, f"{room}/test_{name}.py")).exists(), module

"""The doctor in front of real proxies, databases and Redis, each set up wrongly and rightly."""

import asyncio
import contextlib
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import get_args

import psycopg
import pytest
import redis
from django.test import override_settings

from realtime.doctor.address import read_address
from realtime.doctor.finding import Id
from realtime.doctor.inside.redis import examine_redis
from realtime.doctor.outside.examination import Wanted, examine_outside
from tests.processes.forked import FORK_SERVERS
from tests.processes.process import free_port
from tests.processes.proxies import (
    FORWARDED,
    UPGRADE,
    Certificate,
    HAProxy,
    Nginx,
    PgBouncer,
    holding_proxy,
)

pytestmark = pytest.mark.processes

IDLE = 2.5  # seconds
CUT = 1.5
TIMEOUTS = "timeout client 60s\ntimeout server 60s"
NGINX = {
    "right": UPGRADE + FORWARDED,
    "inner": UPGRADE + "proxy_set_header Host $http_host;",  # behind another one
    "no-upgrade": FORWARDED,
    "no-types": UPGRADE + FORWARDED + "types {}",
    "short": f"{UPGRADE} {FORWARDED} proxy_read_timeout {CUT * 1000:.0f}ms;",
    "host": UPGRADE + "proxy_set_header Host localhost;",
    "origin": UPGRADE + FORWARDED + 'proxy_set_header Origin "";',
    "subprotocol": UPGRADE + FORWARDED + 'proxy_set_header Sec-WebSocket-Protocol "";',
    "tls": UPGRADE + FORWARDED,
}
HAPROXY = {
    "right": f"{TIMEOUTS}\ntimeout tunnel 60s",
    "short-tunnel": f"{TIMEOUTS}\ntimeout tunnel {CUT * 1000:.0f}ms",
    "short-client": f"timeout client {CUT * 1000:.0f}ms\ntimeout server 60s",
    "tls": f"{TIMEOUTS}\ntimeout tunnel 60s",
}
SOCKET = ("subprotocol", "anonymous", "foreign-origin")
NOT_REACHED = (*SOCKET, "origin", "welcome", "buffering", "largest-frame", "idle")


class Examined(dict):
    """The findings of one examination by their ids."""

    def __init__(self, findings):
        super().__init__((each["id"], each) for each in findings)

    def bad(self, *left_out):
        """Return the levels of those that are not as they should be, or were not looked into."""
        left_out = {"compression", "drain", "latency", "tls", *left_out}
        return {
            id: str(each["level"])
            for id, each in self.items()
            if each["level"] != "ok" and id not in left_out
        }

    def what(self, id):
        return self[id]["what"]


def run_command(env, *arguments):
    """Run the command in a process of its own; returns its exit code and what it found."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as output:
        command = ["manage.py", "realtime_doctor", "--json", *map(str, arguments)]
        process = FORK_SERVERS.start(command, env, Path(output.name))
        try:
            status = process.wait(60)
        finally:
            process.kill()
        said = output.read()
    return status, Examined(json.loads(said[said.index("{\n") :])["findings"])


@pytest.fixture(scope="module")
def served(shared_site):
    return shared_site("uvicorn")


@pytest.fixture(scope="module")
def proxies(served, tmp_path_factory):
    """The addresses of all proxies by name, and the certificate that some have."""
    folder = tmp_path_factory.mktemp("proxies")
    certificate = Certificate.make(folder)
    nginx = Nginx(folder, served.port, NGINX, certificate)
    inner = nginx.ports["inner"]
    with contextlib.ExitStack() as stack:
        addresses = {}
        for proxy in (nginx, HAProxy(folder, inner, HAPROXY, certificate)):
            stack.callback(proxy.kill)
            proxy.start()
            for name, port in proxy.ports.items():
                scheme = "https" if name == "tls" else "http"
                addresses[f"{proxy.name} {name}"] = f"{scheme}://127.0.0.1:{port}"
        port = stack.enter_context(holding_proxy(inner, 0.3))
        addresses["holding"] = f"http://127.0.0.1:{port}"
        yield addresses, certificate


@pytest.fixture(scope="module")
def examined(proxies, served, site_env):
    """What is found behind each proxy; all are examined together, because they wait."""
    addresses, certificate = proxies
    cookie = served.login("alice").cookie_header()

    async def examine_all():
        wanted = {
            name: Wanted(read_address(address), IDLE, 10.0, cookie, visitors_allowed=False)
            for name, address in addresses.items()
        }
        found = await asyncio.gather(*map(examine_outside, wanted.values()))
        return dict(zip(wanted, found, strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate.path))
        with override_settings(SECRET_KEY=site_env["SECRET_KEY"]):
            found = asyncio.run(examine_all())
    return {name: Examined([vars(each) for each in findings]) for name, findings in found.items()}


@pytest.mark.parametrize(
    ("behind", "bad"),
    [
        ("nginx right", {}),
        ("nginx tls", {}),
        ("nginx no-upgrade", {"handshake": "error"} | dict.fromkeys(NOT_REACHED, "skipped")),
        ("nginx no-types", {"module-files": "error"}),
        ("nginx short", {"idle": "error"}),
        ("nginx host", {"origin": "error"}),
        ("nginx origin", {"foreign-origin": "error"}),
        ("nginx subprotocol", {"subprotocol": "error"}),
        ("haproxy right", {}),
        ("haproxy tls", {}),
        ("haproxy short-tunnel", {"idle": "error"}),
        ("haproxy short-client", {"idle": "error"}),
        ("holding", {"buffering": "warning"}),
    ],
)
def test_each_proxy_has_its_own_fault_and_no_other(examined, behind, bad):
    assert examined[behind].bad() == bad, examined[behind]


def test_a_silent_connection_shows_when_and_how_it_was_cut(examined):
    for behind in ("nginx short", "haproxy short-tunnel", "haproxy short-client"):
        what = examined[behind].what("idle")
        after = float(what.partition("cut after ")[2].partition(" s")[0])
        assert CUT - 0.3 < after < IDLE
        assert "without a close frame" in what
    assert examined["nginx right"].what("idle") == "A connection lives through 2.5 s of silence."


def test_the_largest_frame_goes_there_and_back(examined):
    for behind in ("nginx right", "haproxy right"):
        assert "and one comes back" in examined[behind].what("largest-frame")


def test_a_lost_upgrade_is_named(examined):
    assert "the upgrade is lost on the way" in examined["nginx no-upgrade"].what("handshake")
    assert "$http_upgrade" in examined["nginx no-upgrade"]["handshake"]["do"]


def test_tls_and_websockets_in_http2(examined):
    for behind in ("nginx tls", "haproxy tls"):
        assert examined[behind]["tls"]["level"] == "ok"
    assert "browsers use HTTP/1.1" in examined["nginx tls"].what("http2")
    assert "(RFC 8441), and one opens" in examined["haproxy tls"].what("http2")
    assert "not offered" in examined["nginx right"].what("http2")


def examine(address, key, **wanted):
    """Examine an address as a project with this SECRET_KEY."""
    wanted = Wanted(read_address(address), 0.5, 10.0, visitors_allowed=False, **wanted)
    with override_settings(SECRET_KEY=key):
        return Examined([vars(each) for each in asyncio.run(examine_outside(wanted))])


def test_no_cookie_goes_to_a_certificate_that_is_not_trusted(proxies, site_env):
    address = proxies[0]["nginx tls"]
    found = examine(address, site_env["SECRET_KEY"], cookie="sessionid=secret")
    assert found["tls"]["level"] == "error" and "self-signed" in found.what("tls")
    assert found["anonymous"]["level"] == found["idle"]["level"] == "ok"
    assert "isn't trusted" in found.what("welcome")


def sessions(site):
    path = site.database_url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM django_session").fetchone()[0]


def test_the_command_signs_a_user_in_and_out_again(proxies, served, site_env):
    before = sessions(served)
    env = {**site_env, "DATABASE_URL": served.database_url, "WEB_CONCURRENCY": "2"}
    address = proxies[0]["nginx right"]
    status, found = run_command(env, address, "--user", "alice", "--idle", 0.5)
    assert "is welcomed" in found.what("welcome")
    assert found["idle"]["level"] == found["modules"]["level"] == "ok"
    assert sessions(served) == before
    assert status == 1
    assert "2 workers" in found.what("layer")  # In-memory, it is the one error.
    assert [id for id, each in found.items() if each["level"] == "error"] == ["layer"]
    assert set(found) <= set(get_args(Id))


def test_with_another_key_an_ordinary_socket_is_silent_until_its_heartbeat(proxies, served):
    cookie = served.login("alice").cookie_header()
    found = examine(proxies[0]["haproxy right"], "k" * 50, cookie=cookie)
    assert found["welcome"]["level"] == "ok"
    assert "the server's heartbeat came then" in found.what("idle")
    assert examine(proxies[0]["haproxy right"], "k" * 50)["idle"]["level"] == "skipped"


def test_a_server_is_ended_only_when_asked_for_and_drains(shared_site, site_env):
    site = shared_site("daphne")
    env = {**site_env, "DATABASE_URL": site.database_url}
    arguments = [site.url, "--user", "bob", "--idle", 0.1, "--drain", site.pid]
    status, found = run_command(env, *arguments)
    assert status == 0
    assert found["drain"]["level"] == "ok", found["drain"]
    assert "bye came" in found.what("drain")
    assert "not compressed" in found.what("compression")


def test_nobody_listens():
    """It ends with a finding, not with a traceback."""
    address = read_address(f"http://127.0.0.1:{free_port()}")
    found = asyncio.run(examine_outside(Wanted(address, 0.1, 10.0)))
    levels = {each.id: each.level for each in found}
    assert levels.pop("tcp") == "error"
    assert levels.pop("dns") == "ok"
    assert set(levels.values()) == {"skipped"}


def test_an_unmigrated_database_behind_a_pooler(postgres, postgres_url, tmp_path, site_env):
    tmp_path = Path(tempfile.mkdtemp(dir=postgres.log_path.parent))
    name = postgres_url.rpartition("/")[2]
    pooler = PgBouncer(tmp_path, postgres_url, "transaction")
    try:
        pooler.start()
        _, direct = run_command({**site_env, "DATABASE_URL": postgres_url})
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
            )
        status, pooled = run_command({**site_env, "DATABASE_URL": pooler.url})
    finally:
        pooler.kill()
    assert status == 1
    for found in (direct, pooled):
        assert found["migrations"]["level"] == "error"
        assert found["clock"]["level"] == found["time-zone"]["level"] == "ok"
    assert direct["isolation"]["level"] == direct["pooler"]["level"] == "ok"
    assert "serializable" in pooled.what("isolation")
    assert "a pooler in transaction mode" in pooled.what("pooler")


@pytest.fixture
def redis_findings(redis_server, settings):
    """What is found of the Redis of a layer, a log and presence, for an ACL user."""
    client = redis.Redis.from_url(redis_server.url)

    def examine(*rights):
        client.acl_setuser("doctor", enabled=True, nopass=True, reset=True)
        client.execute_command("ACL", "SETUSER", "doctor", *rights)
        url = redis_server.url.replace("//", "//doctor:any@")
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [url]},
            }
        }
        log = "realtime.eventlog.redis.RedisEventLog"
        settings.REALTIME = {"EVENT_LOG": {"BACKEND": log, "OPTIONS": {"url": url}}}
        return Examined([vars(each) for each in examine_redis()])

    yield client, examine
    client.close()


def test_a_redis_that_is_right_and_one_that_drops_keys(redis_findings):
    client, examine = redis_findings
    assert examine("+@all", "~*", "&*").bad() == {}
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert examine("+@all", "~*", "&*").bad() == {"redis-memory": "warning"}
    client.config_set("maxmemory", "100mb")
    client.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 10")
    found = examine("+@all", "~*", "&*")
    assert found.bad() == {"redis-memory": "error", "redis-buffers": "warning"}
    assert "any" not in found.what("redis")  # its password


@pytest.mark.parametrize(
    ("rights", "why"),
    [
        (["+@all", "-@pubsub", "~*", "&*"], "has no permissions to run"),
        (["+@all", "~*", "resetchannels", "&another*"], "channel"),
    ],
)
def test_a_redis_whose_user_has_no_pub_sub(redis_findings, rights, why):
    _, examine = redis_findings
    found = examine(*rights)
    assert found.bad() == {"redis-pubsub": "error"}
    assert why in found.what("redis-pubsub")


def test_a_redis_that_shows_little_and_one_that_is_gone(redis_findings, redis_server):
    _, examine = redis_findings
    found = examine("+@all", "-@admin", "-info", "~*", "&*")
    assert found.bad() == {"redis-memory": "skipped", "redis-buffers": "skipped"}
    redis_server.stop()
    levels = {each.id: each.level for each in examine_redis()}
    assert levels == {"redis": "error"}

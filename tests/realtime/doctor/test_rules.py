"""Each measured fact is judged: what is said of it, and how bad it is."""

import pytest

from realtime.doctor.rules.database import (
    judge_clock,
    judge_isolation,
    judge_lag,
    judge_migrations,
    judge_no_database,
    judge_pooler,
    judge_time_zone,
)
from realtime.doctor.rules.drain import Drained, Orchestrator, judge_drain, judge_grace
from realtime.doctor.rules.frames import (
    Exchange,
    Greeting,
    Largest,
    judge_anonymous,
    judge_buffering,
    judge_largest,
    judge_latency,
    judge_welcome,
)
from realtime.doctor.rules.handshake import (
    Answer,
    Handshakes,
    judge_compression,
    judge_foreign_origin,
    judge_handshake,
    judge_origin,
    judge_subprotocol,
)
from realtime.doctor.rules.idle import End, Silence, judge_silence
from realtime.doctor.rules.network import (
    Http2,
    Tls,
    judge_connections,
    judge_http2,
    judge_names,
    judge_no_tls,
    judge_tls,
)
from realtime.doctor.rules.redis import RedisFacts, judge_redis, judge_unreachable
from realtime.doctor.rules.site import (
    Fetched,
    Modules,
    Reception,
    judge_cookie,
    judge_fetched,
    judge_layer,
    judge_modules,
    judge_reception,
    judge_server,
    judge_workers,
)

OK, WARNING, ERROR, SKIPPED = "ok", "warning", "error", "skipped"
OPEN = Answer(101, {"server": "nginx"})
WELCOME = {"type": "welcome", "me": "user.1", "limits": {"frame_bytes": 9}}


def refused(status, plain=None, without=None, **headers):
    """The handshake is refused with a status."""
    return Handshakes(Answer(status, headers), without and Answer(without), plain)


def exchange(*trips, apart=0.05):
    """Pings every 50 ms; each trip is the seconds until its pong, None where none came."""
    sent = [number * apart for number in range(len(trips))]
    came = [None if trip is None else at + trip for at, trip in zip(sent, trips, strict=True)]
    return Exchange(sent, came)


def redis_facts(**other):
    facts = {"name": "r:6379", "uses": {"channel layer"}, "version": "7.0.15", "latencies": [0.001]}
    return RedisFacts(**(facts | other))


JUDGED = {
    "name": (judge_names("a.example", ["192.0.2.1"]), OK, "is at 192.0.2.1"),
    "no name": (judge_names("a.example", [], "unknown"), ERROR, "no address: unknown"),
    "connection": (judge_connections({"192.0.2.1": 0.02}), OK, "20.0 ms"),
    "one of two": (
        judge_connections({"::1": "refused", "192.0.2.1": 0.02}),
        WARNING,
        "::1 (refused)",
    ),
    "no connection": (judge_connections({"192.0.2.1": "refused"}), ERROR, "192.0.2.1 (refused)"),
    "tls": (judge_tls(Tls("TLSv1.3", 60.0)), OK, "60 days"),
    "soon": (judge_tls(Tls("TLSv1.3", 13.0)), WARNING, "ends in 13 days"),
    "old tls": (judge_tls(Tls("TLSv1.1", 60.0)), WARNING, "TLSv1.1"),
    "distrust": (judge_tls(Tls("TLSv1.3", None, "self-signed")), ERROR, "self-signed"),
    "http here": (judge_no_tls(is_local=True), SKIPPED, "on this machine"),
    "http": (judge_no_tls(is_local=False), WARNING, "read and change"),
    "http1": (judge_http2(None), OK, "not offered"),
    "http2": (judge_http2(Http2(False)), OK, "use HTTP/1.1"),
    "rfc8441": (judge_http2(Http2(True, 200)), OK, "one opens"),
    "broken rfc8441": (judge_http2(Http2(True, 400)), ERROR, "gets status 400"),
    "silent rfc8441": (judge_http2(Http2(True)), ERROR, "gets no answer"),
    "handshake": (judge_handshake(Handshakes(OPEN)), OK, "status 101 from nginx"),
    "bad 101": (judge_handshake(Handshakes(Answer(101, {}, "no key"))), ERROR, "no key"),
    "no http": (judge_handshake(Handshakes(Answer(None, {}, "not HTTP"))), ERROR, "not HTTP"),
    "redirect": (judge_handshake(refused(301, location="/x/")), ERROR, "to /x/"),
    "200": (judge_handshake(refused(200, plain=200)), ERROR, "ordinary request gets the same"),
    "400": (judge_handshake(refused(400)), ERROR, "ALLOWED_HOSTS"),
    "401": (judge_handshake(refused(401)), ERROR, "password"),
    "403": (judge_handshake(refused(403, without=403)), ERROR, "firewall"),
    "404": (judge_handshake(refused(404, plain=404)), ERROR, "ordinary request gets the same"),
    "404 alone": (judge_handshake(refused(404, plain=200)), ERROR, "path is unknown"),
    "426": (judge_handshake(refused(426, plain=426)), ERROR, "asks for an upgrade"),
    "429": (judge_handshake(refused(429)), ERROR, "a limit on requests"),
    "500": (judge_handshake(refused(500)), ERROR, "application failed"),
    "502": (judge_handshake(refused(502, plain=502)), ERROR, "could not reach"),
    "503": (judge_handshake(refused(503)), ERROR, "no server"),
    "504": (judge_handshake(refused(504)), ERROR, "waited in vain"),
    "418": (judge_handshake(refused(418)), ERROR, "unknown"),
    "origin only": (judge_handshake(refused(403, without=101)), OK, "names no origin"),
    "origin": (judge_origin(Handshakes(OPEN), "https://a.example"), OK, "accepted"),
    "own origin": (judge_origin(refused(403, without=101), "https://a"), ERROR, "is refused"),
    "own origin by a firewall": (
        judge_origin(refused(400, without=101), "https://a"),
        ERROR,
        "400",
    ),
    "foreign": (judge_foreign_origin(Answer(403), "https://b"), OK, "refused (403)"),
    "foreign in": (judge_foreign_origin(OPEN, "https://b"), ERROR, "may open"),
    "foreign 502": (judge_foreign_origin(Answer(502), "https://b"), WARNING, "status 502"),
    "v1": (judge_subprotocol("realtime.v1"), OK, "selected"),
    "v2": (judge_subprotocol("realtime.v2"), ERROR, "realtime.v2 selected"),
    "none": (judge_subprotocol(None), ERROR, "none selected"),
    "plain": (judge_compression(False), OK, "not compressed"),
    "deflate": (judge_compression(True), WARNING, "permessage-deflate"),
    "visitor": (judge_anonymous(Greeting({"type": "bye", "code": 4501}, 0.1), False), OK, "4501"),
    "visitor let in": (judge_anonymous(Greeting(WELCOME, 0.1), True), OK, "is welcomed"),
    "stranger let in": (judge_anonymous(Greeting(WELCOME, 0.1), False), ERROR, "is off"),
    "visitor 4430": (
        judge_anonymous(Greeting({"type": "bye", "code": 4430}, 0.1), False),
        WARNING,
        "4430",
    ),
    "welcome": (judge_welcome(Greeting(WELCOME, 0.1), "user.1"), OK, "100 ms"),
    "slow": (judge_welcome(Greeting(WELCOME, 3.0), "user.1"), WARNING, "3.0 s"),
    "another's": (judge_welcome(Greeting(WELCOME, 0.1), "user.2"), ERROR, "belongs to user.1"),
    "sent away": (
        judge_welcome(Greeting({"type": "bye", "code": 4501, "reason": "not signed in"}, 0)),
        ERROR,
        "4501 not signed in",
    ),
    "latency": (judge_latency(exchange(0.02, 0.03, 0.02), 0.02), OK, "20 ms there and back"),
    "far": (judge_latency(exchange(0.3, 0.3, 0.3), 0.25), OK, "TCP 250 ms"),
    "added": (judge_latency(exchange(0.3, 0.3, 0.3), 0.02), WARNING, "300 ms"),
    "no pong": (judge_latency(exchange(None, None), 0.02), ERROR, "No pong"),
    "one by one": (judge_buffering(exchange(0.02, 0.02, 0.02), 0.05), OK, "one by one"),
    "joined": (judge_buffering(exchange(0.15, 0.1, 0.05, 0.0), 0.05), WARNING, "3 of 3 together"),
    "held": (judge_buffering(exchange(0.02, None, None), 0.05), ERROR, "2 of 3 small frames"),
    "largest": (judge_largest(Largest(65536, 65536)), OK, "65536 bytes"),
    "there and back": (judge_largest(Largest(9, 9, back=0.02)), OK, "comes back in 20 ms"),
    "one way": (judge_largest(Largest(9, 9, lost="FIN")), ERROR, "none comes back (FIN)"),
    "too large": (judge_largest(Largest(4096, 65536, "a close frame came, 1009")), ERROR, "1009"),
    "silence": (judge_silence(Silence(90, None, True), 10), OK, "90 s of silence"),
    "cut early": (
        judge_silence(Silence(90, End(5.0, "FIN"), False), 10),
        ERROR,
        "after 5.0 s: FIN",
    ),
    "cut late": (judge_silence(Silence(90, End(15.0, "FIN"), False), 10), WARNING, "15.0 s"),
    "cut after": (judge_silence(Silence(90, End(60.0, "FIN"), False), 10), OK, "60.0 s"),
    "no sign": (judge_silence(Silence(8, None, False), 10), ERROR, "without any sign"),
    "pings": (judge_silence(Silence(90, None, True, 4), 10), OK, "4 control pings"),
    "natural": (judge_silence(Silence(9.8, None, True, 0, True), 10), OK, "heartbeat came then"),
    "drain": (judge_drain(Drained({"code": 4412}, 0.1, 1.2)), OK, "ended in 1.2 s"),
    "no bye": (judge_drain(Drained(None, None, 0.1, "RST")), WARNING, "RST"),
    "other bye": (judge_drain(Drained({"code": 4500}, 0.1, 1.2)), WARNING, "4500"),
    "no end": (judge_drain(Drained({"code": 4412}, 0.1, None)), ERROR, "does not end"),
    "grace": (judge_grace(Orchestrator("systemd", 90.0), 7), OK, "gives 90 s"),
    "short grace": (
        judge_grace(Orchestrator("systemd", 5.0, setting="TimeoutStopSec"), 7),
        ERROR,
        "5 s after",
    ),
    "hidden grace": (
        judge_grace(Orchestrator("Kubernetes", None, 30.0, "t"), 7),
        SKIPPED,
        "unless t is set",
    ),
    "nobody": (judge_grace(Orchestrator(None), 7), SKIPPED, "No orchestrator"),
    "no redis": (judge_unreachable("r:6379", {"presence"}, "timeout"), ERROR, "timeout"),
    "isolation": (judge_isolation("read committed"), OK, "read committed"),
    "serializable": (judge_isolation("serializable"), WARNING, "serializable"),
    "session": (judge_pooler([7, 7], named=[], cursors_disabled=False), OK, "keeps its session"),
    "pooler": (judge_pooler([7, 8], named=[], cursors_disabled=False), WARNING, "transaction mode"),
    "known pooler": (judge_pooler([7, 8], named=[], cursors_disabled=True), OK, "is set for it"),
    "prepared": (
        judge_pooler([7, 8], named=["It prepares."], cursors_disabled=True),
        WARNING,
        "pooler",
    ),
    "clock": (judge_clock(0.2, 0.001), OK, "0.20 s ahead of"),
    "unsure": (judge_clock(1.5, 1.0), OK, "give or take 1000 ms"),
    "clock off": (judge_clock(-3.0, 0.001), WARNING, "3.00 s behind"),
    "clock wrong": (judge_clock(3600.0, 0.001), ERROR, "3600.00 s ahead of"),
    "zone": (judge_time_zone("UTC", "UTC", offsets_differ=False, use_tz=True), OK, "UTC"),
    "zone off": (
        judge_time_zone("UTC", "Asia/Tokyo", offsets_differ=True, use_tz=True),
        WARNING,
        "Tokyo",
    ),
    "naive": (
        judge_time_zone("UTC", "Asia/Tokyo", offsets_differ=True, use_tz=False),
        ERROR,
        "Tokyo",
    ),
    "same server": (judge_lag("r", None, is_replica=False), OK, "same server"),
    "replica": (judge_lag("r", 0.1, is_replica=True), OK, "0.10 s behind"),
    "lag": (judge_lag("r", 30.0, is_replica=True), WARNING, "30.00 s behind"),
    "lag unknown": (judge_lag("r", None, is_replica=True), WARNING, "nobody knows"),
    "migrated": (judge_migrations([]), OK, "applied"),
    "unmigrated": (judge_migrations(["realtime.0006_journey"]), ERROR, "0006_journey"),
    "another's migration": (judge_migrations(["shop.0002_x"]), WARNING, "shop.0002_x"),
    "no database": (judge_no_database("default", "refused"), ERROR, "refused"),
    "layer": (judge_layer(False, 4, 0.001), OK, "1.0 ms"),
    "in memory": (judge_layer(True, None, 0.001), OK, "one process"),
    "in memory for 4": (judge_layer(True, 4, 0.001), ERROR, "4 workers"),
    "deaf layer": (judge_layer(False, 4, None), ERROR, "did not come back"),
    "server": (judge_server({"uvicorn": "0.54.0", "wsproto": "1.3"}), OK, "uvicorn 0.54.0"),
    "no library": (judge_server({"uvicorn": "0.54.0"}), WARNING, "neither websockets nor"),
    "old server": (judge_server({"uvicorn": "0.30.1"}), WARNING, "0.30.1"),
    "no server": (judge_server({"websockets": "17"}), ERROR, "No ASGI server"),
    "workers": (judge_workers(4), OK, "4"),
    "workers unknown": (judge_workers(None), SKIPPED, "WEB_CONCURRENCY"),
    "modules": (judge_modules(Modules("/i.js", 43, [])), OK, "43 modules"),
    "missing": (judge_modules(Modules("/i.js", 42, ["a.js"])), ERROR, "a.js"),
    "unhashed": (judge_modules(Modules("/i.js", 43, [], ["a.js"])), WARNING, "1 by plain"),
    "fetched": (
        judge_fetched([Fetched("/i.js", 200, "text/javascript; charset=utf-8")], all_came=True),
        OK,
        "all 1",
    ),
    "slow modules": (
        judge_fetched([Fetched("/i.js", 200, "text/javascript")], all_came=False),
        WARNING,
        "Only 1",
    ),
    "404 of a module": (
        judge_fetched([Fetched("/i.js", 404)], all_came=True),
        ERROR,
        "/i.js is a 404",
    ),
    "another type": (
        judge_fetched([Fetched("/i.js", 200, "text/plain")], all_came=True),
        ERROR,
        "as text/plain",
    ),
    "no module": (
        judge_fetched([Fetched("/i.js", None, failure="reset")], all_came=True),
        ERROR,
        "reset",
    ),
    "host": (
        judge_reception(Reception("a", False, False, False), is_secure=True),
        ERROR,
        "lacks a",
    ),
    "accepted": (judge_reception(Reception("a", True, True, False), is_secure=True), OK, "accept"),
    "by proxy": (judge_reception(Reception("a", True, False, True), is_secure=True), OK, "accept"),
    "doubt": (
        judge_reception(Reception("a", True, False, False), is_secure=True),
        WARNING,
        "only where",
    ),
    "cookie": (judge_cookie(secure=True, domain=".a.b", host="c.a.b", is_secure=True), OK, "send"),
    "secure": (judge_cookie(secure=True, domain=None, host="a.b", is_secure=False), ERROR, "http"),
    "domain": (judge_cookie(secure=False, domain="x.y", host="a.b", is_secure=True), ERROR, "x.y"),
}


@pytest.mark.parametrize("case", JUDGED)
def test_a_fact_is_judged(case):
    finding, level, said = JUDGED[case]
    assert finding.level == level
    assert said in finding.what
    assert bool(finding.why) == bool(finding.do) == (level in (WARNING, ERROR))


BUFFERS = "normal 0 0 0 slave 256 64 60 pubsub {} {} 60"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("facts", "levels"),
    [
        ({}, {"redis": OK, "redis-latency": OK}),
        ({"version": "6.0.1"}, {"redis": WARNING}),
        ({"version": "4.0.9"}, {"redis": ERROR}),
        ({"latencies": [0.001, 0.05, 0.06]}, {"redis-latency": WARNING}),
        ({"uses": {"presence"}, "policy": "noeviction"}, {"redis-memory": OK}),
        (
            {"uses": {"presence"}, "policy": "allkeys-lru", "max_memory": 0},
            {"redis-memory": WARNING},
        ),
        (
            {"uses": {"event log"}, "policy": "volatile-ttl", "max_memory": 9},
            {"redis-memory": ERROR},
        ),
        ({"uses": {"event log"}, "policy": "allkeys-lru"}, {"redis-memory": ERROR}),
        ({"uses": {"event log"}}, {"redis-memory": SKIPPED}),
        ({"pub_sub": ""}, {"redis-pubsub": OK, "redis-buffers": SKIPPED}),
        ({"pub_sub": "NOPERM"}, {"redis-pubsub": ERROR}),
        (
            {"pub_sub": "", "buffer_limits": BUFFERS.format(32 * MIB, 8 * MIB)},
            {"redis-buffers": OK},
        ),
        ({"pub_sub": "", "buffer_limits": BUFFERS.format(0, 0)}, {"redis-buffers": OK}),
        ({"pub_sub": "", "buffer_limits": BUFFERS.format(MIB, 0)}, {"redis-buffers": WARNING}),
    ],
)
def test_a_redis_is_judged(facts, levels):
    found = {each.id: each.level for each in judge_redis(redis_facts(**facts))}
    assert levels.items() <= found.items()
    assert ("redis-memory" in found) == (facts.get("uses", {"channel layer"}) != {"channel layer"})

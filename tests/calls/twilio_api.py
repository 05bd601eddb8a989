"""Twilio's REST API, as a real HTTP server of this machine that can also misbehave."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN

FINAL = {"completed", "busy", "failed", "no-answer", "canceled"}
ROOT = f"2010-04-01/Accounts/{ACCOUNT_SID}"


class Answer(NamedTuple):
    """What the server sends: a whole answer, or raw bytes after which it hangs up."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    raw: bytes | None = None
    silent: bool = False
    """Nothing more comes, until the test is over."""


class Asked(NamedTuple):
    """A request that came: the path below the account's, and its fields."""

    method: str
    path: str
    fields: dict[str, str]


def as_json(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode())


def refusal(status: int, code: int, message: str = "Twilio's own sentence.") -> Answer:
    return as_json(status, {"code": code, "message": message, "status": status})


class TwilioApi:
    """The state of an account; ``faults`` are answers by the number of the request, from 0."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.calls: dict[str, dict[str, Any]] = {}
        self.conference: dict[str, Any] | None = None
        self.members: list[str] = []
        self.recordings: list[dict[str, Any]] = []
        self.faults: dict[int, Answer] = {}
        self.over = threading.Event()

    def call(self, sid: str, status: str, **fields: Any) -> None:
        """Have a call: ``parent``, ``direction``, ``to``, ``from_`` and others."""
        self.calls[sid] = {
            "sid": sid,
            "status": status,
            "parent_call_sid": fields.pop("parent", None),
            "direction": fields.pop("direction", "inbound"),
            "to": fields.pop("to", "+15550100000"),
            "from": fields.pop("from_", "+15550100123"),
            "date_created": "Thu, 26 Nov 2026 12:00:00 +0000",
            "start_time": "Thu, 26 Nov 2026 12:00:01 +0000",
            "end_time": None,
            "duration": None,
            **fields,
        }

    def changes(self) -> list[Asked]:
        """Return the requests that change something."""
        return [one for one in self.asked if one.method == "POST"]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if fault := self.faults.get(len(self.asked) - 1):
            return fault
        return self._true_answer(asked)

    def _true_answer(self, asked: Asked) -> Answer:
        match (asked.method, *asked.path.split("/")):
            case ("GET", "Calls.json"):
                return as_json(200, {"calls": self._found(asked.fields)})
            case ("POST", "Calls.json"):
                fields = asked.fields
                self.call("CA9", "queued", direction="outbound-api", to=fields["To"])
                return as_json(201, self.calls["CA9"])
            case ("GET", "Calls", _, "Recordings.json"):
                return as_json(200, {"recordings": self.recordings})
            case (method, "Calls", name):
                return self._one_call(method, name.removesuffix(".json"), asked.fields)
            case ("GET", "Conferences.json"):
                return as_json(200, {"conferences": [self.conference] if self.conference else []})
            case ("GET", "Conferences", _, "Participants.json"):
                found = [{"call_sid": sid} for sid in self.members]
                return as_json(200, {"participants": found})
            case ("POST", "Conferences", _, "Participants", name):
                known = name.removesuffix(".json") in self.members
                return as_json(200, {}) if known else refusal(404, 20404)
            case ("GET", "Recordings", _):
                return Answer(200, b"ID3 a message", "audio/mpeg")
        return refusal(404, 20404)

    def _found(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        parent, to = fields.get("ParentCallSid"), fields.get("To")
        return [
            call
            for call in reversed(self.calls.values())
            if (not parent or call["parent_call_sid"] == parent) and (not to or call["to"] == to)
        ]

    def _one_call(self, method: str, sid: str, fields: dict[str, str]) -> Answer:
        call = self.calls.get(sid)
        if call is None:
            return refusal(404, 20404)
        if method == "POST" and call["status"] in FINAL:
            return refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        if fields.get("Status") != "canceled" or call["status"] != "in-progress":
            call["status"] = fields.get("Status", call["status"])
        return as_json(200, call)


class Handler(BaseHTTPRequestHandler):
    """Answers with the account that the first part of the path names, unless its test is over."""

    server: "Server"

    def handle_one_request(self) -> None:
        # A client that has given up is none of the server's business.
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def _take(self) -> None:
        self.close_connection = True
        key = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        fields: dict[str, str] = {}
        for name, value in parse_qsl(url.query or self.rfile.read(length).decode()):
            fields[name] = f"{fields[name]} {value}" if name in fields else value
        trusted = self.headers.get("Authorization") == f"Basic {key}"
        number, path = url.path.removeprefix("/").split("/", 1)
        if api := self.server.apis.get(number):
            asked = Asked(self.command, path.removeprefix(f"{ROOT}/"), fields)
            self._send(api.answer(asked) if trusted else refusal(401, 20003), api.over)

    def _send(self, answer: Answer, over: threading.Event) -> None:
        if answer.raw is None and not answer.silent:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.wfile.write(answer.raw or b"")
        self.wfile.flush()
        if answer.silent:
            over.wait()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """One for all tests of a process; to begin and to end one for each took 10 ms."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.apis: dict[str, TwilioApi] = {}
        self.numbers = map(str, count())
        threading.Thread(target=self.serve_forever, daemon=True).start()


running_server = cache(Server)


@contextmanager
def serving(api: TwilioApi) -> Iterator[str]:
    """Serve ``api``, and yield its base URL."""
    server = running_server()
    number = next(server.numbers)
    server.apis[number] = api
    try:
        yield f"http://127.0.0.1:{server.server_port}/{number}"
    finally:
        api.over.set()
        del server.apis[number]

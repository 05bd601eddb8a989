"""The servers that are compared: each with its command, its publisher and its clients."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import conversations
from benchmarks.load.conversations import Conversation

HERE = Path(__file__).parent
SOCKETSHARK = HERE / ".venv-socketshark/bin/python"

PYTHON = (sys.executable, "-m")
NEVER = 1_000_000
"""Seconds between the control pings of a server whose application has a heartbeat of its own."""

DATABASE = HERE / "results/sessions.sqlite3"
"""Users and their sessions, for the servers that read them."""


@dataclass(frozen=True)
class Peer:
    """A server with its publisher, and the protocol of its clients.

    ``serve`` is a command with the placeholders ``{port}`` and ``{heartbeat}`` (seconds).
    ``publish`` is a command that reads a stream and an event's data from each line of its input.
    """

    name: str
    serve: tuple[str, ...]
    publish: tuple[str, ...]
    conversation: type[Conversation]
    env: Mapping[str, str] = field(default_factory=dict)
    root: Path = HERE.parent
    """The checkout whose code it runs."""


def uvicorn(application: str, *options: str, pings: str = str(NEVER)) -> tuple[str, ...]:
    """Return the command of Uvicorn without extras, on Python's own event loop."""
    fixed = "--loop asyncio --http h11 --ws websockets-sansio --backlog 4096 --log-level warning"
    control = ("--ws-ping-interval", pings, "--ws-per-message-deflate", "false")
    command = ("uvicorn", f"benchmarks.servers.{application}:application", "--port", "{port}")
    return (*PYTHON, *command, *fixed.split(), *control, *options)


def joined(application: str, *, pings: str = str(NEVER)) -> tuple[str, ...]:
    """Return the command of Uvicorn with this project's WebSocket protocol."""
    return uvicorn(application, "--ws", "realtime.uvicorn:WebSocketProtocol", pings=pings)


def daphne(application: str, *, pings: str = str(NEVER)) -> tuple[str, ...]:
    """Return the command of Daphne."""
    module = f"benchmarks.servers.{application}:application"
    return (*PYTHON, "daphne", "-v", "0", "-p", "{port}", "--ping-interval", pings, module)


def publisher(name: str) -> tuple[str, ...]:
    """Return the command of a publisher in Python."""
    return (*PYTHON, f"benchmarks.publishers.{name}")


def node(name: str) -> tuple[str, ...]:
    """Return the command of a program for Node."""
    return ("node", str(HERE / f"node/{name}.mjs"))


def realtime(
    name: str, serve: tuple[str, ...], conversation: type[Conversation], **env: str
) -> Peer:
    """Return this project on a server."""
    django = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.servers.settings",
        "DATABASE_URL": f"sqlite:///{DATABASE}",
    }
    return Peer(name, serve, publisher("realtime"), conversation, {**django, **env})


CONTROL = "{heartbeat}"

REALTIME = realtime("realtime, Uvicorn", joined("realtime_site"), conversations.Realtime)
REALTIME_STOCK = realtime(
    "realtime, Uvicorn as it is", uvicorn("realtime_site"), conversations.Realtime
)
REALTIME_DAPHNE = realtime("realtime, Daphne", daphne("realtime_site"), conversations.Realtime)
REALTIME_SESSION = realtime(
    "realtime, Uvicorn, session",
    joined("realtime_site"),
    conversations.RealtimeSession,
    LOGIN="session",
)
REALTIME_LOG = realtime(
    "realtime, Uvicorn, Redis log", joined("realtime_site"), conversations.Realtime, LOG="redis"
)
REALTIME_LOG_DAPHNE = realtime(
    "realtime, Daphne, Redis log", daphne("realtime_site"), conversations.Realtime, LOG="redis"
)
REALTIME_LOG_SESSION = realtime(
    "realtime, Uvicorn, session, Redis log",
    joined("realtime_site"),
    conversations.RealtimeSession,
    LOGIN="session",
    LOG="redis",
)
REALTIME_BROWSER = realtime(
    "realtime, Uvicorn as it is, session, compressed",
    uvicorn("realtime_site", "--ws-per-message-deflate", "true"),
    conversations.RealtimeBrowser,
    LOGIN="session",
)
CHANNELS_PUBSUB = Peer(
    "Channels pubsub layer, Uvicorn",
    uvicorn("channels_site", pings=CONTROL),
    publisher("channels"),
    conversations.Channels,
    {
        "DJANGO_SETTINGS_MODULE": "benchmarks.servers.settings",
        "LAYER": "channels_redis.pubsub.RedisPubSubChannelLayer",
    },
)
PYTHON_SOCKETIO = Peer(
    "python-socketio, Uvicorn",
    uvicorn("python_socketio"),
    publisher("python_socketio"),
    conversations.SocketIO,
)
SOCKETSHARK_PEER = Peer(
    "SocketShark",
    (str(SOCKETSHARK), "-m", "socketshark", "-c", "benchmarks.servers.socketshark_config"),
    publisher("socketshark"),
    conversations.SocketShark,
)
SOCKETIO_NODE = Peer(
    "socket.io, Node", node("socketio_server"), node("socketio_publisher"), conversations.SocketIO
)
BARE_UVICORN = Peer(
    "bare ASGI, Uvicorn", uvicorn("bare_asgi", pings=CONTROL), publisher("bare"), Conversation
)
BARE_JOINED = Peer(
    "bare ASGI, Uvicorn with realtime's protocol",
    joined("bare_asgi", pings=CONTROL),
    publisher("bare"),
    Conversation,
)
BARE_DAPHNE = Peer(
    "bare ASGI, Daphne", daphne("bare_asgi", pings=CONTROL), publisher("bare"), Conversation
)
BARE_NODE = Peer("bare ws, Node", node("ws_server"), publisher("bare"), Conversation)
CEILING = Peer(
    "the load's own ceiling",
    (*PYTHON, "benchmarks.servers.bare_picows"),
    publisher("bare"),
    Conversation,
)

ALL = (
    REALTIME,
    REALTIME_STOCK,
    REALTIME_DAPHNE,
    REALTIME_SESSION,
    REALTIME_LOG,
    REALTIME_BROWSER,
    SOCKETSHARK_PEER,
    PYTHON_SOCKETIO,
    CHANNELS_PUBSUB,
    SOCKETIO_NODE,
    BARE_UVICORN,
    BARE_JOINED,
    BARE_DAPHNE,
    BARE_NODE,
    CEILING,
)

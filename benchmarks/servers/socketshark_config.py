"""SocketShark's configuration: two services, open to all."""

import os
from urllib.parse import urlsplit

redis = urlsplit(os.environ["REDIS_URL"])

WS_HOST = "127.0.0.1"
WS_PORT = int(os.environ["PORT"])
WS_PING = {"interval": float(os.environ["HEARTBEAT"]), "timeout": 20}
REDIS = {"host": redis.hostname, "port": redis.port, "channel_prefix": ""}
LOG = {"level": "WARNING"}
SERVICES = {
    "user": {"require_authentication": False},
    "room": {"require_authentication": False},
}

"""Django's settings for this project's servers and for those of plain Channels."""

import os

import dj_database_url

SECRET_KEY = "benchmarks"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "realtime",
]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
REDIS = os.environ["REDIS_URL"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ.get("LAYER", "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"),
        "CONFIG": {"hosts": os.environ.get("REDIS_SHARDS", REDIS).split()},
    }
}
EVENT_LOGS = {
    "redis": {"BACKEND": "realtime.eventlog.redis.RedisEventLog", "OPTIONS": {"url": REDIS}},
    "database": {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"},
}
REALTIME = {
    "HEARTBEAT_INTERVAL": float(os.environ.get("HEARTBEAT", "10")),
    "EVENT_LOG": EVENT_LOGS.get(os.environ.get("LOG", "")),
    # All sockets come from this machine, and as fast as they can.
    "MAX_CONNECTIONS_PER_SECOND": 100_000,
    "MAX_VISITORS_PER_ADDRESS": 100_000,
}

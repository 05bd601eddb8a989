"""Django's settings for this project's servers and for those of plain Channels."""

import os

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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", ":memory:"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
REDIS = os.environ["REDIS_URL"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ.get("LAYER", "channels_redis.pubsub.RedisPubSubChannelLayer"),
        "CONFIG": {"hosts": [REDIS]},
    }
}
REDIS_LOG = {"BACKEND": "realtime.eventlog.redis.RedisEventLog", "OPTIONS": {"url": REDIS}}
REALTIME = {
    "HEARTBEAT_INTERVAL": float(os.environ.get("HEARTBEAT", "10")),
    "EVENT_LOG": REDIS_LOG if os.environ.get("LOG") == "redis" else None,
}

"""The settings of what is served, with a channel layer on several Redis servers."""

import os

from tests.end_to_end.served_settings import *  # noqa: F403

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "realtime.layer.redis_pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": os.environ["REDIS_SHARDS"].split()},
    }
}

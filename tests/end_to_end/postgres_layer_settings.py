"""The demo's settings without Redis: PostgreSQL is the channel layer too."""

import os

from tests.processes.site_settings import *  # noqa: F403

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "realtime.layer.postgres.PostgresChannelLayer",
        "CONFIG": {"dsn": os.environ["LAYER_DSN"]},
    }
}

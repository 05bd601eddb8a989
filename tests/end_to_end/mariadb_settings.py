"""A project whose data is in MariaDB; ROUTER puts the tables of realtime into PostgreSQL."""

import os

import dj_database_url
import pymysql

pymysql.install_as_MySQLdb()

SECRET_KEY = "mariadb"
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
    "default": dj_database_url.parse(os.environ["DATABASE_URL"]),
    "realtime": dj_database_url.parse(os.environ["REALTIME_URL"]),
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "realtime.layer.postgres.PostgresChannelLayer",
        "CONFIG": {"database": "realtime"},
    }
}


class RealtimeRouter:
    def db_for_read(self, model, **hints):
        return "realtime" if model._meta.app_label == "realtime" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == "realtime") == (app_label == "realtime")


if "ROUTER" in os.environ:
    DATABASE_ROUTERS = ["tests.end_to_end.mariadb_settings.RealtimeRouter"]

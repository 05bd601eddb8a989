"""Settings of the demo site; environment variables set what differs from place to place."""

import contextlib
import os
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from project.exposure import exposures, missing
from project.phone_company import complaints

BASE_DIR = Path(__file__).resolve().parent.parent


def environment_list(name: str, default: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def kept_secret_key(path: Path) -> str:
    """Return the key that the first start makes and keeps, so that sessions outlive a restart."""
    if not path.exists():
        number, draft = mkstemp(prefix=path.name, dir=path.parent)  # Only its owner may read it.
        with open(number, "w") as file:
            file.write(get_random_secret_key())
        # Linking is atomic: if several processes start together, the first one's key stays.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        Path(draft).unlink()
    return path.read_text()


HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
# The site's address behind a proxy: https://calls.example.com
PUBLIC_URL = os.environ.get("PUBLIC_URL", "").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or HOST

# Without an account the phone company is simulated (see calls/telephony).
TWILIO_ACCOUNT_SID = os.environ.get("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = os.environ.get("TWILIO_AUTH_TOKEN", "")
TWILIO_NUMBER = os.environ.get("TWILIO_NUMBER", "")
# Another region has another address: https://www.twilio.com/docs/global-infrastructure
TWILIO_API_URL = os.environ.get("TWILIO_API_URL", "https://api.twilio.com").rstrip("/")
# Agents' phones in the browser log in with a key.
TWILIO_API_KEY = os.environ.get("TWILIO_API_KEY", "")
TWILIO_API_SECRET = os.environ.get("TWILIO_API_SECRET", "")
TWILIO_APP_SID = os.environ.get("TWILIO_APP_SID", "")
if lacks := list(complaints(os.environ)):
    raise ImproperlyConfigured(" ".join(lacks))

# The country of numbers that agents type without a country code, as ISO 3166 names it.
PHONE_REGION = os.environ.get("PHONE_REGION", "US").upper()
# Whether agents may call 112, 911 and the like. Twilio has to know the office's address for that.
EMERGENCY_CALLS = os.environ.get("EMERGENCY_CALLS", "0") == "1"

# What is convenient on one's own machine, and dangerous anywhere else, hangs on AT_HOME: DEBUG, the
# demo's users and their hint on the login page, the kept key, the names of this machine as hosts,
# cookies over HTTP. At home, requests from elsewhere are refused (see OnlyThisMachine).
EXPOSURES = list(
    exposures(
        host=HOST,
        public_url=PUBLIC_URL,
        allowed_hosts=environment_list("ALLOWED_HOSTS", ""),
        account=TWILIO_ACCOUNT_SID,
    )
)
AT_HOME = not EXPOSURES
DEBUG = os.environ.get("DEBUG", "1") == "1" and AT_HOME
SECRET_KEY = os.environ.get("SECRET_KEY", "")
if AT_HOME:
    SECRET_KEY = SECRET_KEY or kept_secret_key(BASE_DIR / ".secret_key")
    OWN_HOSTS = f"{HOST},{PUBLIC_HOST},localhost,127.0.0.1,[::1]"
else:
    if lacks := list(missing(public_url=PUBLIC_URL, secret_key=SECRET_KEY)):
        raise ImproperlyConfigured(f"Others may reach the site ({EXPOSURES[0]}): {' '.join(lacks)}")
    OWN_HOSTS = PUBLIC_HOST
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = True
    # TLS ends at the proxy or tunnel, which has to set this header itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 30 * 86400
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # To be preloaded concerns a whole domain, and can't be undone for months.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
ALLOWED_HOSTS = environment_list("ALLOWED_HOSTS", OWN_HOSTS)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "realtime",
    "calls",
    "calls.simulator",
    "project",  # its commands and its check
]

MIDDLEWARE = [
    "realtime.middleware.CorrelationMiddleware",
    "project.middleware.OnlyThisMachine",
    "project.middleware.ContentSecurityPolicy",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}"
    ),
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE, a transaction that reads before it writes fails with "database is locked"
    # as soon as another one writes at the same time.
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}

if "REDIS_URL" in os.environ:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "realtime.layer.redis_pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    if not AT_HOME:
        SILENCED_SYSTEM_CHECKS += ["realtime.W001"]  # `manage.py demo` is one process.

REALTIME = {
    setting: float(os.environ[setting])
    for setting in ("HEARTBEAT_INTERVAL", "HEARTBEAT_TIMEOUT")
    if setting in os.environ
}

# Each process counts attempts to log in by itself (see throttle).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "project.logs.Formatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "filters": {
        "few_refusals": {"()": "project.logs.FewRefusals"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["few_refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},  # without the console handler that Django gives it
        "twilio.http_client": {"level": "WARNING"},  # At INFO it logs each request.
    },
}

"""What the doctor finds in a project's settings, database and files."""

import shutil
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.checks import Warning
from django.core.management import call_command

import realtime
from realtime.access.sessions import read_sessions
from realtime.doctor.address import read_address
from realtime.doctor.inside import examination, site
from realtime.doctor.inside.database import (
    examine_each,
    examine_reachable,
    examine_replicas,
)
from realtime.doctor.inside.layer import examine_layer
from realtime.doctor.inside.modules import examine_modules
from realtime.doctor.inside.redis import examine_redis
from realtime.doctor.inside.sign_in import sign_in
from realtime.doctor.rules.database import judge_no_database

pytestmark = pytest.mark.real_time


class HashedModules(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


def levels(findings):
    return {each.id: each.level for each in findings}


def storage(settings, kind, folder):
    settings.STATIC_ROOT = str(folder)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": kind}}


def collect(folder):
    """Collect this app's files alone."""
    ours = Path(realtime.__file__).parent / "static" / "realtime"
    shutil.copytree(ours, folder / "realtime", dirs_exist_ok=True)
    paths = {
        str(path.relative_to(folder)): (staticfiles_storage, str(path.relative_to(folder)))
        for path in sorted((folder / "realtime").rglob("*"))
        if path.is_file()
    }
    list(staticfiles_storage.post_process(paths))


HASHED = f"{__name__}.HashedModules"
PLAIN_IMPORTS = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


def test_modules_as_runserver_serves_them():
    (found,) = examine_modules()
    assert found.level == "ok" and "index.js" in found.what


def test_modules_with_hashed_names(settings, tmp_path):
    storage(settings, HASHED, tmp_path)
    assert levels(examine_modules()) == {"modules": "error"}  # Nothing is collected.
    collect(tmp_path)
    (found,) = examine_modules()
    assert found.level == "ok", found
    next(tmp_path.glob("realtime/realtime_client.*.js")).unlink()
    (found,) = examine_modules()
    assert found.level == "error" and "realtime/realtime_client." in found.what


def test_modules_that_import_by_plain_names(settings, tmp_path):
    storage(settings, PLAIN_IMPORTS, tmp_path)
    collect(tmp_path)
    (found,) = examine_modules()
    assert found.level == "warning", found


@pytest.mark.parametrize(
    ("address", "configured", "level"),
    [
        ("https://a.example", {"ALLOWED_HOSTS": []}, "error"),
        ("http://a.example", {"ALLOWED_HOSTS": ["a.example"]}, "ok"),
        ("https://a.example", {"ALLOWED_HOSTS": ["a.example"]}, "warning"),
        (
            "https://a.example",
            {"ALLOWED_HOSTS": ["*"], "CSRF_TRUSTED_ORIGINS": ["https://a.example"]},
            "ok",
        ),
        (
            "https://a.example:8443",
            {
                "ALLOWED_HOSTS": [".example"],
                "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
            },
            "ok",
        ),
    ],
)
def test_settings_that_would_refuse_the_address(settings, address, configured, level):
    for name, value in {"CSRF_TRUSTED_ORIGINS": [], **configured}.items():
        setattr(settings, name, value)
    assert levels(site.examine_address(read_address(address)))["public-address"] == level


def test_a_cookie_that_is_not_sent(settings):
    settings.SESSION_COOKIE_SECURE = True
    found = levels(site.examine_address(read_address("http://a.example")))
    assert found["session-cookie"] == "error"


def test_system_checks_are_findings_unless_they_are_silenced(settings, monkeypatch):
    settings.REALTIME = {"MAX_STREAMS_PER_USER": 1}
    settings.SILENCED_SYSTEM_CHECKS = ["realtime.W001"]
    (found,) = site.examine_system_checks()
    assert found.level == "warning"
    assert found.what.startswith("realtime.W009: ")
    settings.SILENCED_SYSTEM_CHECKS += ["realtime.W009"]
    assert levels(site.examine_system_checks())["system-checks"] == "ok"
    other = [Warning("x", id="other.W001"), Warning("x")]
    monkeypatch.setattr(site, "run_checks", lambda **_: other)
    assert levels(site.examine_system_checks())["system-checks"] == "ok"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1min 30s", 90.0), ("5s", 5.0), ("500ms", 0.5), ("infinity", None), ("1h 1us", 3600.000001)],
)
def test_time_spans_of_systemd(text, seconds):
    assert site.seconds_of(text) == seconds


async def test_a_message_comes_back_over_the_layer(monkeypatch):
    assert levels(await examine_layer()) == {"layer": "ok"}
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    (found,) = await examine_layer()
    assert found.level == "error" and "3 workers" in found.what


def test_a_redis_behind_sentinel_is_named_and_not_examined(settings):
    options = {"url": "redis://main/0", "sentinels": [("127.0.0.1", 1)]}
    behind = {"BACKEND": "realtime.eventlog.redis.RedisEventLog", "OPTIONS": options}
    memory = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
    several = "realtime.eventlog.by_prefix.EventLogByPrefix"
    for log in (
        behind,
        {"BACKEND": several, "OPTIONS": {"logs": {"": memory, "a.": behind}}},
    ):
        settings.REALTIME = {"EVENT_LOG": log}
        (finding,) = examine_redis()
        assert "sentinel main: not examined" in finding.what


def test_without_redis(settings):
    assert levels(examine_redis()) == {"redis": "skipped"}


@pytest.mark.django_db
def test_the_database_of_the_tests():
    assert levels(examine_reachable()) == {"database": "ok"}
    assert levels(examine_each("migrations")) == {"migrations": "ok"}
    assert levels(examine_each("clock")) == {"clock": "skipped"}
    assert levels(examine_replicas()) == {"replica": "skipped"}


async def test_one_failing_check_stops_no_other(monkeypatch, settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "missing.Layer"}}
    unreachable = judge_no_database("default", "refused")
    monkeypatch.setattr(examination, "examine_reachable", lambda: [unreachable])
    monkeypatch.setattr(examination, "examine_processes", lambda: 1 / 0)
    found = levels(await examination.examine_inside(None, None))
    assert found["database"] == "error"
    assert found["layer"] == found["server"] == "warning"
    assert found["migrations"] == found["replica"] == "skipped"
    assert found["modules"] == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
def test_a_session_is_the_projects_own_and_ends_with_the_examination(settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    alice = get_user_model().objects.create_user("alice")
    signed_in = sign_in("alice")
    name, _, key = signed_in.cookie.partition("=")
    assert name == settings.SESSION_COOKIE_NAME
    assert read_sessions([key])[key]["_auth_user_id"] == str(alice.pk)
    assert signed_in.me == f"user.{alice.pk}"
    signed_in.end()
    assert not Session.objects.exists()
    alice.refresh_from_db()
    assert alice.last_login is None


@pytest.mark.django_db
def test_nobody_signs_in_who_may_not():
    with pytest.raises(LookupError, match="no user 'nobody'"):
        sign_in("nobody")
    get_user_model().objects.create_user("gone", is_active=False)
    with pytest.raises(LookupError, match="active"):
        sign_in("gone")
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_without_an_address(capsys):
    call_command("realtime_doctor")
    said = capsys.readouterr().out
    assert "ok        layer: " in said
    assert "handshake: No address was given" in said

"""PyPI's ``realtime`` has the same import name: what a project sees that installs both.

Installing is done here as installers do it, by copying files and noting them in a RECORD.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

OURS = Path(__file__).parents[2] / "realtime"
THEIRS = {
    "__init__.py": "from realtime._async.client import Client\n",
    "exceptions.py": "class NotConnectedError(Exception):\n    pass\n",
    "_async/__init__.py": "",
    "_async/client.py": "class Client:\n    pass\n",
}
START = """
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "realtime"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}},
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql"}},
)
django.setup()
from django.core.management import call_command
call_command("check")
"""
SAME_NAME = "The installed package realtime 2.34.1 has the same import name as channels-realtime"


def install_ours(site):
    shutil.copytree(OURS, site / "realtime", dirs_exist_ok=True)
    files = [path.relative_to(site) for path in (site / "realtime").rglob("*.py")]
    note(site, "channels-realtime", "0.1.0", [file for file in files if file.parts[1] != "_async"])


def install_theirs(site):
    for name, text in THEIRS.items():
        path = site / "realtime" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    note(site, "realtime", "2.34.1", [Path("realtime") / name for name in THEIRS])


def uninstall_theirs(site):
    for name in THEIRS:
        (site / "realtime" / name).unlink()
    shutil.rmtree(site / "realtime-2.34.1.dist-info")


def note(site, name, version, files):
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "RECORD").write_text("".join(f"{file.as_posix()},,\n" for file in files))


def run(site, program):
    """Run a program of a project in which nothing but ``site`` has a package ``realtime``."""
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("PY", "DJANGO"))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=site,
        env={**kept, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


def test_ours_alone_starts_without_a_word(tmp_path):
    install_ours(tmp_path)
    assert run(tmp_path, START) == "System check identified no issues (0 silenced).\n"


def test_theirs_over_ours_is_said_at_start(tmp_path):
    install_ours(tmp_path)
    install_theirs(tmp_path)
    assert f"ImportError: {SAME_NAME}" in run(tmp_path, START)


def test_ours_over_theirs_works_and_is_said_by_the_check(tmp_path):
    install_theirs(tmp_path)
    install_ours(tmp_path)
    imported = "import sys; from realtime import publish; print('imported', file=sys.stderr)"
    said = run(tmp_path, f"{imported}\n{START}")
    assert said.startswith("imported\n")
    assert f"(realtime.E010) {SAME_NAME}" in said


def test_one_file_of_theirs_is_said_by_the_import(tmp_path):
    install_ours(tmp_path)
    ours = (tmp_path / "realtime" / "__init__.py").read_text()
    install_theirs(tmp_path)
    (tmp_path / "realtime" / "__init__.py").write_text(ours)
    assert f"ImportError: {SAME_NAME}" in run(tmp_path, "import realtime")


@pytest.mark.parametrize("first", [install_ours, install_theirs])
def test_files_that_went_with_theirs_are_said_at_start(tmp_path, first):
    for install in (first, *{install_ours, install_theirs} - {first}):
        install(tmp_path)
    uninstall_theirs(tmp_path)
    said = run(tmp_path, START)
    assert "ImportError: Files of channels-realtime are missing, the first is realtime/" in said
    assert "Install channels-realtime again." in said


def test_another_import_error_is_left_alone(tmp_path):
    install_ours(tmp_path)
    without = "import sys; sys.modules['channels'] = None; import realtime"
    assert "\nModuleNotFoundError: No module named 'channels.layers'" in run(tmp_path, without)


def test_a_package_elsewhere_on_the_path_is_found_too(tmp_path, monkeypatch):
    install_theirs(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (message,) = [one for one in run_checks(databases=[]) if one.id == "realtime.E010"]
    assert message.msg.startswith(SAME_NAME)

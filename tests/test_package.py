"""What ``pip install`` gives: a wheel of this checkout, in a new project that knows nothing else.

The wheel is made of an sdist, where Node.js is missing.
Its environment borrows Django and Channels from the one that runs the tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.processes.programs import lacking

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info", "node_modules")
SITE = "mysite.settings"
CLIENT = Path("realtime/static/realtime")
BUNDLES = ("client.js", "client.classic.js")

SETTINGS = """
INSTALLED_APPS += ["realtime"]
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
STATIC_ROOT = BASE_DIR / "collected"
if os.environ.get("HASHED"):
    DEBUG = False
    STORAGES = {"staticfiles": {"BACKEND": "mysite.storage.HashedModules"}}
"""
STORAGE = """
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

class HashedModules(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
"""
PUBLISH = """
import asyncio
import django

django.setup()
from django.contrib.auth.models import User
from django.test.utils import setup_test_environment
from realtime import apublish
from realtime.consumers import RealtimeConsumer
from realtime.testing import RealtimeCommunicator

setup_test_environment()

async def main():
    alice = await User.objects.acreate_user("alice")
    async with RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=alice) as socket:
        await socket.subscribe("me")
        await apublish(alice, "greeting", {"text": "Hello"})
        print((await socket.event("greeting"))["data"]["text"])

asyncio.run(main())
"""
RENDER = """
import django

django.setup()
from django.template import Context, Template

print(Template("{% load realtime %}{% realtime %}").render(Context()))
"""


def run(*command, cwd, **environment):
    """Run a command outside of this checkout, and return what it printed."""
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("PY", "DJANGO"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_wheel(source, target):
    """Make a wheel without Node.js."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    path = str(Path(sys.executable).parent)
    run(*pip, "--no-deps", "--wheel-dir", target, source, cwd=target, PATH=path)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy: a build leaves files that the next one would take for sources."""
    source = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE)
    for bundle in BUNDLES:
        (source / CLIENT / bundle).unlink(missing_ok=True)
    return source


@pytest.fixture(scope="module")
def sdist(checkout, tmp_path_factory):
    tools = Path("tests/js/node_modules")
    if not (ROOT / tools / ".bin/esbuild").exists():
        lacking("esbuild is not installed")
    (checkout / tools).symlink_to(ROOT / tools)
    target = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", target, checkout, cwd=target)
    (sdist,) = target.iterdir()
    return sdist


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    make_wheel(sdist, target)
    (wheel,) = target.iterdir()
    return wheel


@pytest.fixture(scope="module")
def project(wheel, tmp_path_factory):
    """A new project with the wheel; returns what runs a Python command in it."""
    folder = tmp_path_factory.mktemp("project")
    environment = folder / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    scheme = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", vars=scheme))
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    offline = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    run(python, "-m", "pip", "install", *offline, wheel, cwd=folder)
    run(python, "-m", "django", "startproject", "mysite", folder, cwd=folder)
    settings = folder / "mysite" / "settings.py"
    settings.write_text("import os\n" + settings.read_text() + SETTINGS)
    (folder / "mysite" / "storage.py").write_text(STORAGE)

    def run_python(*arguments, **variables):
        return run(python, *arguments, cwd=folder, DJANGO_SETTINGS_MODULE=SITE, **variables)

    run_python.folder = folder
    run_python.packages = packages
    return run_python


def test_the_wheel_holds_realtime_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "realtime").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } | {(CLIENT / name).as_posix() for name in BUNDLES}
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert sources > {
        "realtime/py.typed",
        "realtime/static/realtime/index.js",
        "realtime/static/realtime/package.json",
        "realtime/templatetags/realtime.py",
    }
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_without_node_a_checkout_is_installed_with_the_modules_alone(checkout, tmp_path):
    source = tmp_path / "checkout"
    shutil.copytree(checkout, source, ignore=shutil.ignore_patterns(*BUNDLES, "node_modules"))
    make_wheel(source, tmp_path)
    [made] = tmp_path.glob("*.whl")
    archive = zipfile.ZipFile(made)
    assert not {(CLIENT / name).as_posix() for name in BUNDLES} & set(archive.namelist())
    index = archive.read((CLIENT / "index.js").as_posix())
    assert index == (ROOT / CLIENT / "index.js").read_bytes()


def test_the_sdist_has_documents_and_tests(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert (
        names > {"README.md", "Makefile", "release/bundle", "tests/run", "tests/conftest.py"} | own
    )
    assert not {name for name in names if "node_modules" in name or ".venv" in name}


def test_the_front_page_of_an_index_has_no_relative_links(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    links = re.findall(r"\]\((.*?)\)", archive.read(metadata).decode())
    assert len(links) > 20 and all(link.startswith("https://") for link in links)


def test_a_new_project_takes_it_without_a_word(project):
    printed = project("-c", "import realtime, os; print(os.path.dirname(realtime.__file__))")
    assert Path(printed.strip()) == project.packages / "realtime"
    printed = project("manage.py", "check", "--fail-level", "WARNING")
    assert printed == "System check identified no issues (0 silenced).\n"
    printed = project("manage.py", "makemigrations", "--check", "--dry-run")
    assert printed == "No changes detected\n"


def test_publish_reaches_a_socket(project):
    project("manage.py", "migrate", "--verbosity", "0")
    assert project("-c", PUBLISH) == "Hello\n"


def test_static_files_are_collected_and_named_in_pages(project):
    project("manage.py", "collectstatic", "--no-input")
    collected = project.folder / "collected" / "realtime"
    assert (collected / "emitter.js").exists()
    assert json.loads((collected / "package.json").read_text())["type"] == "module"
    page = project("-c", RENDER)
    assert 'src="/static/realtime/index.js"' in page
    assert re.findall("<link .*?>", page) == [
        '<link rel="modulepreload" href="/static/realtime/client.js">'
    ]


def test_hashed_modules_lead_to_the_one_file_by_its_hashed_name(project):
    project("manage.py", "collectstatic", "--no-input", "--clear", HASHED="1")
    collected = project.folder / "collected"
    (first,) = re.findall(
        r'src="/static/(realtime/index\.\w{12}\.js)"', project("-c", RENDER, HASHED="1")
    )
    (imported,) = set(re.findall(r'\bfrom\s*"(.*?)"', (collected / first).read_text()))
    assert re.fullmatch(r"\./client\.\w{12}\.js", imported)
    assert (collected / "realtime" / imported).stat().st_size > 10_000

"""The hints for what a page loads next: just those modules, under the names it asks for."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from realtime.static_modules import imported_modules, imported_urls

CLIENT = Path(__file__).parents[2] / "realtime/static/realtime"
ENTRY = "realtime/index.js"


@pytest.fixture(autouse=True)
def forget_modules():
    imported_modules.cache_clear()
    yield
    imported_modules.cache_clear()


def test_every_module_that_the_client_loads_is_named_once():
    names = imported_modules(ENTRY)
    assert len(names) == len(set(names)) > 30
    for name in names:
        source = (CLIENT / name.removeprefix("realtime/")).read_text()
        imported = re.findall(r'^import .*? from "(.*?)"', source, re.M)
        here = (CLIENT.parent / name).parent
        paths = {(here / path).resolve().relative_to(CLIENT.parent) for path in imported}
        assert {path.as_posix() for path in paths} <= set(names)
    assert not {"realtime/status_element.js", ENTRY} & set(names)


def test_the_one_file_of_an_installed_package_is_all_there_is(settings, tmp_path):
    stub = Path(__file__).parents[2] / "release/wheel/index.js"
    (tmp_path / "realtime").mkdir()
    (tmp_path / ENTRY).write_text(stub.read_text())
    (tmp_path / "realtime/client.js").write_text("export{a as default};")
    settings.STATICFILES_DIRS = [tmp_path]
    assert imported_urls(ENTRY) == ["/static/realtime/client.js"]


def test_a_site_that_keeps_collected_files_only_gets_no_hints(settings):
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    assert imported_urls(ENTRY) == []


class Hashing(ManifestStaticFilesStorage):
    manifest_strict = False

    def stored_name(self, name):
        return name.replace(".js", ".0123456789ab.js")


class Rewriting(Hashing):
    support_js_module_import_aggregation = True


@pytest.mark.parametrize(
    ("storage", "name"), [(Hashing, "emitter"), (Rewriting, "emitter.0123456789ab")]
)
def test_hashed_names_only_where_modules_import_by_them(settings, storage, name):
    settings.DEBUG = False
    settings.STATIC_URL = "https://cdn.example/"
    settings.STORAGES = {"staticfiles": {"BACKEND": f"{__name__}.{storage.__name__}"}}
    assert f"https://cdn.example/realtime/{name}.js" in imported_urls(ENTRY)


class Stale(Rewriting):
    """As after an update: the manifest has the entry alone."""

    def url(self, name, force=False):
        if name != ENTRY:
            raise ValueError(f"Missing staticfiles manifest entry for '{name}'")
        return super().url(name, force)


def test_what_is_not_collected_yet_gets_no_hint(settings):
    settings.STORAGES = {"staticfiles": {"BACKEND": f"{__name__}.Stale"}}
    assert imported_urls(ENTRY) == []

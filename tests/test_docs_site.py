"""The documentation site, as ``make docs`` builds it: without a warning, and complete in itself."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.processes


class Page(HTMLParser):
    """The links of a page, its anchors, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what an element names."""
        values = {name: value for name, value in attributes if value is not None}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe") and "src" in values:
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") != "canonical":
            self.loaded.append(values.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("docs")
    build = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(directory)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(build, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return {path.relative_to(directory): Page(path) for path in directory.glob("*.html")}


def test_each_document_is_a_page(site):
    documents = {path.stem for path in (PROJECT / "docs").glob("*.md")}
    assert {path.stem for path in site} == documents | {"index", "reference", "404"}


def test_no_page_loads_anything_from_elsewhere(site):
    for path, page in site.items():
        assert not [one for one in page.loaded if urlsplit(one).netloc], path


def test_no_link_leads_nowhere(site):
    """The pages that the build makes itself are beyond MkDocs' own check."""
    for path, page in site.items():
        for link in page.links:
            parts = urlsplit(link)
            target = Path(unquote(parts.path)) if parts.path not in ("", ".") else path
            if parts.scheme or path.stem == "404" or target.suffix != ".html":
                continue
            assert target in site, f"{path}: {link}"
            assert unquote(parts.fragment) in site[target].anchors | {""}, f"{path}: {link}"


def test_the_reference_has_each_public_name(site):
    listed = (PROJECT / "docs/architecture.md").read_text().partition("## Public names")[2]
    names = set(re.findall(r"`(realtime\.[\w.]+)`", listed.partition("\n## ")[0]))
    anchors = site[Path("reference.html")].anchors
    assert names and names <= anchors
    members = {"realtime.streams.Stream.authorize", "realtime.conf.RealtimeSettings.RETENTION"}
    assert members <= anchors

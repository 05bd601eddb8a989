"""What MkDocs does not do by itself: the front page, the reference, and a navigation that fits."""

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
GENERATED = {"index.md", "reference.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Leave out pages that aren't there, and list those that no section names."""
    there = {path.name for path in DOCS.glob("*.md")} | GENERATED
    sections = {title: pages for section in config.nav or () for title, pages in section.items()}
    left = sorted(there - {page for pages in sections.values() for page in pages})
    shown = {title: [page for page in pages if page in there] for title, pages in sections.items()}
    config.nav = [{title: pages} for title, pages in (shown | {"More": left}).items() if pages]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from other files."""
    readme = (DOCS.parent / "README.md").read_text()
    architecture = (DOCS / "architecture.md").read_text()
    made = {
        "index.md": front_page(readme),
        "reference.md": reference(architecture),
        "llms.txt": (DOCS / "llms.txt").read_text().replace(".md)", ".html)"),
    }
    for name, text in made.items():
        if there := files.get_file_from_path(name):
            files.remove(there)
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Link the front page in place of the README; links to other files outside are text."""
    inside = markdown.replace("](../README.md", "](index.md")
    return re.sub(r"\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", inside)


def front_page(readme: str) -> str:
    """Return the README with links as they are from ``docs/``; those to other files are text."""
    text = re.sub(r'(\]\(|src="|srcset=")docs/', r"\1", readme)
    return re.sub(r"(?<!!)\[([^\]]*)\]\(([^)#]*)(#[^)]*)?\)", link_or_text, text)


def link_or_text(found: re.Match[str]) -> str:
    """Return a link as it is if it leads to another site or to a page, and its text otherwise."""
    target = found[2]
    is_there = ":" in target or (DOCS / target).is_file() or not target
    return found[0] if is_there else found[1]


def reference(architecture: str) -> str:
    """Return a page with the docstring of each public name, in the order of the modules."""
    return "\n".join(reference_lines(architecture))


def reference_lines(architecture: str) -> Iterator[str]:
    """Yield the lines of that page, in the words of mkdocstrings."""
    listed = architecture.partition("\n## Public names\n")[2].partition("\n## ")[0]
    names = re.findall(r"`(realtime[\w.]+)`", listed)
    yield "# Reference"
    yield "Made from the docstrings. [Architecture](architecture.md#public-names) groups the names."
    module = ""
    for name in sorted(names, key=lambda name: name.rpartition(".")[::2]):
        if name.rpartition(".")[0] != module:
            module = name.rpartition(".")[0]
            yield f"\n## {module}\n"
        yield f"::: {name}\n"
    yield "\n## The setting REALTIME\n"
    yield "[Settings](settings.md) says why each default is what it is.\n"
    yield "::: realtime.conf.RealtimeSettings\n"

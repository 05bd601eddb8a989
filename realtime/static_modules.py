"""Which JavaScript modules a browser loads after the one that a page names."""

import posixpath
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static

IMPORT = re.compile(
    r"""^(?:import\s*|(?:import|export)\s[^;"'()=]*?\bfrom\s*)["'](\.[^"']+)["']""", re.M
)
"""The import of a module beside; at the beginning of a line, so not one in JSDoc."""


@cache
def imported_modules(entry: str) -> tuple[str, ...]:
    """Return the names of the static files that a module imports, directly or through others.

    ``entry`` is a static file's name, such as "realtime/index.js". A file that no finder knows, as
    where only collected files are kept, imports nothing.
    """
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = finders.find(name)
        source = Path(path).read_text(encoding="utf-8") if path else ""
        for target in IMPORT.findall(source):
            module = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if module not in found:
                found[module] = None
                waiting.append(module)
    return tuple(found)


def imported_urls(entry: str) -> list[str]:
    """Return the URLs under which a browser asks for the modules that ``entry`` imports.

    Most storages that hash names leave the imports inside of modules as they are.
    """
    names = imported_modules(entry)
    if not getattr(staticfiles_storage, "support_js_module_import_aggregation", False):
        base, folder = static(entry), posixpath.dirname(entry)
        return [urljoin(base, posixpath.relpath(name, folder)) for name in names]
    urls = []
    for name in names:
        with suppress(ValueError):  # Not collected since an update: no reason to fail the page.
            urls.append(static(name))
    return urls

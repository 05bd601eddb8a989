"""Follows the imports of the browser client through the storage of static files in use."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured

from realtime.doctor.finding import Findings, error
from realtime.doctor.rules.site import Modules, judge_modules
from realtime.static_modules import IMPORT

ENTRY = "realtime/index.js"
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


def url_of(name: str) -> str:
    """Return the URL of a static file; raises where ``{% static %}`` would."""
    return str(staticfiles_storage.url(name))


def examine_modules() -> Findings:
    """Return whether each import of ``realtime/index.js`` leads to a file."""
    storage: Any = staticfiles_storage
    try:
        url = url_of(ENTRY)
    except (ValueError, ImproperlyConfigured) as reason:
        return [
            error(
                "modules",
                f"{{% realtime %}} can't be rendered: {reason}",
                why="Each page that has the tag answers 500.",
                do="Set STATIC_URL, and run manage.py collectstatic with the servers' settings.",
            )
        ]
    stored = getattr(storage, "stored_name", None)
    return [judge_modules(_follow(url, stored(ENTRY) if stored else ENTRY, storage))]


def _follow(url: str, entry: str, storage: Any) -> Modules:
    found: set[str] = set()
    missing: set[str] = set()
    unhashed: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        text = _read(name, storage)
        if text is None:
            missing.add(name)
            continue
        found.add(name)
        for target in IMPORT.findall(text):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if HASHED.search(entry) and not HASHED.search(imported):
                unhashed.add(imported)
            if imported not in found | missing | {*waiting}:
                waiting.append(imported)
    return Modules(url, len(found), sorted(missing), sorted(unhashed))


def _read(name: str, storage: Any) -> str | None:
    """Read what is collected; what is not, from the apps, as ``runserver`` does."""
    try:
        with storage.open(name) as file:
            content: bytes = file.read()
            return content.decode()
    except (OSError, NotImplementedError, ImproperlyConfigured):
        pass
    place = None if HASHED.search(name) else finders.find(name)
    return Path(place).read_text() if place else None

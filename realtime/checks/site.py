"""What keeps a site from serving WebSockets, or its pages from opening them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.handlers.asgi import ASGIHandler
from django.utils.module_loading import import_string

from realtime import installation

CONTEXT_PROCESSORS = {
    "django.contrib.auth.context_processors.auth",
    "django.template.context_processors.request",
}


@register()
def check_server(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report what keeps ``runserver`` from serving WebSockets."""
    if sys.argv[1:2] not in (["runserver"], ["realtime_check"]) or not settings.DEBUG:
        return []
    if not apps.is_installed("daphne"):
        return [
            Warning(
                "runserver serves no WebSockets: /realtime/ will be a 404.",
                hint="pip install daphne, and put 'daphne' first in INSTALLED_APPS: INSTALLED_APPS "
                "= ['daphne', *INSTALLED_APPS]. Or start another ASGI server.",
                id="realtime.W004",
            )
        ]
    package = settings.ROOT_URLCONF.rpartition(".")[0] or "mysite"
    path = getattr(settings, "ASGI_APPLICATION", None)
    if path is None:
        return [
            Warning(
                "ASGI_APPLICATION is not set, so runserver can't find the route of the consumer.",
                hint=f"Write in the settings: ASGI_APPLICATION = '{package}.asgi.application'",
                id="realtime.W005",
            )
        ]
    return _application_problems(path)


def _application_problems(path: str) -> list[CheckMessage]:
    try:
        application = import_string(path)
    except ImportError as reason:
        return [
            Warning(
                f"ASGI_APPLICATION = {path!r} can't be imported: {reason}",
                hint="Name the variable of asgi.py that holds the application.",
                id="realtime.W005",
            )
        ]
    while isinstance(application, ASGIStaticFilesHandler):  # It passes WebSockets on.
        application = application.application
    if isinstance(application, ASGIHandler):
        return [
            Warning(
                f"{path} is Django alone, which serves no WebSockets: /realtime/ will fail.",
                hint="Write in asgi.py, in place of its last line: import realtime.asgi; "
                "application = realtime.asgi.application()",
                id="realtime.W011",
            )
        ]
    return []


@register()
def check_template_context(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report templates in which the tag can't know the user."""
    engines: list[dict[str, Any]] = [
        engine
        for engine in settings.TEMPLATES
        if engine["BACKEND"] == "django.template.backends.django.DjangoTemplates"
    ]
    options: list[dict[str, Any]] = [engine.get("OPTIONS", {}) for engine in engines]
    processors = {one for each in options for one in each.get("context_processors", [])}
    if not engines or processors & CONTEXT_PROCESSORS:
        return []
    return [
        Warning(
            "{% realtime %} can't know the user: no context processor tells templates.",
            hint=f"Add {min(CONTEXT_PROCESSORS)} to TEMPLATES' context_processors.",
            id="realtime.W006",
        )
    ]


@register()
def check_installation(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report another package with the import name of this one."""
    sentence = installation.problem()
    return [] if sentence is None else [Error(sentence, id="realtime.E010")]

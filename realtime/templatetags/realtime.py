"""``{% realtime %}`` puts the browser client on a page, ``{% realtime_stream %}`` a signed name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString

from realtime.hints import hint
from realtime.logs import get_logger
from realtime.protocol.position import Position
from realtime.protocol.stream_names import user_stream_name
from realtime.static_modules import imported_urls
from realtime.streams import sign_stream

logger = get_logger(__name__)

_NO_REQUEST = (
    "{% realtime %} was rendered without a request and without a user, so the page does not know "
    "its own stream. Use render(request, ...), and the context processor "
    "django.template.context_processors.request or that of django.contrib.auth."
)

_MISSING = (
    "{%% %s %s=... %%} got no value: the template's context has no such variable, or it is empty. "
    "Where the view may leave it out, write |default:None."
)

ENTRY = "realtime/index.js"
CLASSIC = "realtime/client.classic.js"

ALL_USERS = object()
"""Apart from None, which a template gives for what it doesn't know."""

register = template.Library()


@register.simple_tag(takes_context=True)
def realtime(
    context: template.Context,
    url: str = "/realtime/",
    position: Any = None,
    classic: bool = False,
) -> SafeString:
    """Load the client as a module, configured for ``url``, where the consumer is routed to.

    Hints for the modules that it imports stand before it, so that they come together.

    ``position`` is what ``realtime.position`` returned before the page's data was read: the page
    is given what was published since. One position is that of the user's own stream.

    With ``classic``, the script is no module, for pages whose own scripts are none: it gives the
    client's names to ``window.Realtime``, and runs before the scripts that stand after it.

    The script and the hints carry the CSP nonce of the request, if there is one (Django's own, or
    django-csp's). ``new RealtimeClient()`` then needs no arguments.

    An argument whose variable is missing in the template's context is a ``ValueError`` with
    ``DEBUG``; otherwise it is logged, and the argument counts as left out.
    """
    url = argument("realtime", "url", url, "/realtime/")
    position = argument("realtime", "position", position, None)
    classic = argument("realtime", "classic", classic, False)
    nonce = nonce_attribute(context)
    configuration = json_script(_configuration(context, url, position), "realtime-config")
    if classic:
        return format_html('{}<script src="{}"{}></script>', configuration, static(CLASSIC), nonce)
    hints = format_html_join(
        "", '<link rel="modulepreload" href="{}"{}>', ((one, nonce) for one in imported_urls(ENTRY))
    )
    return format_html(
        '{}{}<script type="module" src="{}"{}></script>',
        configuration,
        hints,
        static(ENTRY),
        nonce,
    )


@register.simple_tag
def realtime_stream(*to: Any, user: Any = ALL_USERS, seconds: float | None = None) -> str:
    """Return a signed name of a stream, with which the page may follow it.

    ``to`` is the name, or its parts: ``{% realtime_stream "room" room.pk %}`` signs ``room.7``; or
    a user. ``user`` and ``seconds`` are those of ``sign_stream``.

    Raises ``ValueError`` where a part or the user is missing in the template's context.
    """
    if not to or any(part in ("", None) for part in to) or user in ("", None):
        raise ValueError(f"A part of the stream's name, or its user, is missing: {to}, {user!r}.")
    stream = to[0] if len(to) == 1 else ".".join(str(part) for part in to)
    return sign_stream(stream, user=None if user is ALL_USERS else user, seconds=seconds)


def _configuration(context: template.Context, url: str, position: Any) -> dict[str, Any]:
    configuration: dict[str, Any] = {"url": url}
    user = getattr(context.get("request"), "user", None) or context.get("user")
    if user is None:
        hint(logger, _NO_REQUEST)
    if user is not None and user.is_authenticated:
        configuration["me"] = user_stream_name(user)
    if isinstance(position, Position):
        position = {configuration["me"]: position} if "me" in configuration else {}
    elif position and not isinstance(position, Mapping):
        raise TypeError(f"position is what realtime.position() returned, not {position!r}.")
    if position:
        configuration["positions"] = {
            name: Position(*at)._asdict() for name, at in position.items()
        }
    return configuration


def argument(tag: str, name: str, value: Any, default: Any) -> Any:
    """Return the value of a tag's argument, or ``default`` for what stands for no value.

    That is None, and "", which Django passes for a variable that the context doesn't have. Raises
    ``ValueError`` for "" with ``DEBUG``; otherwise it is logged once.
    """
    if value is None:
        return default
    if value != "":
        return value
    if settings.DEBUG:
        raise ValueError(_MISSING % (tag, name))
    hint(logger, _MISSING, tag, name, kind=f"{tag} {name}")
    return default


def nonce_attribute(context: template.Context) -> str:
    """Return the attribute with the CSP nonce of a request; empty where it has none."""
    # A lazy nonce counts as false until it is used, so only None means that there is none.
    nonce = context.get("csp_nonce")
    if nonce is None:
        nonce = getattr(context.get("request"), "csp_nonce", None)
    text = "" if nonce is None else str(nonce)
    return format_html(' nonce="{}"', text) if text else ""

"""Publishes what a page does to one of its elements, as an event that its element applies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asgiref.sync import sync_to_async

from realtime import Publication, apublish, publish
from realtime.concurrency.connections import run_async
from realtime.concurrency.per_loop import in_event_loop
from realtime.contrib.html.rendering import rendered
from realtime.recipients import Recipient

EVENT = "html"

WITH_HTML = ("append", "prepend", "before", "after", "replace", "update")
WITHOUT = ("remove", "refresh")


def publish_html(
    to: Recipient | Iterable[Recipient],
    action: str,
    target: str | None = None,
    template: str | Sequence[str] | None = None,
    context: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    ephemeral: bool = False,
    exclude: str | None = None,
) -> str:
    """Render a template once, and have the pages that follow ``to`` change an element with it.

    ``action`` is "append" or "prepend" (the HTML becomes the last or first child), "before",
    "after", "replace" (it takes the element's place), "update" (its contents), "remove", or
    "refresh" (the pages fetch their part again). ``target`` is the element's id; "refresh" has
    none. ``template`` is a name, or several, of which the first that is found is taken; it gets
    ``context`` and no request. The other arguments are those of ``publish``.

    Returns the event's id. Raises ``ValueError`` or ``TypeError`` for an action, target or context
    that makes no sense, what the template raises, and what ``publish`` does.
    """
    if in_event_loop():
        raise RuntimeError(
            "publish_html() was called in an event loop: await apublish_html() there."
        )
    data = _data(action, target, template, context)
    return publish(to, EVENT, data, key=key, ephemeral=ephemeral, exclude=exclude)


async def apublish_html(
    to: Recipient | Iterable[Recipient],
    action: str,
    target: str | None = None,
    template: str | Sequence[str] | None = None,
    context: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    ephemeral: bool = False,
    exclude: str | None = None,
) -> str:
    """Do what ``publish_html`` does, from async code; the template is rendered in a thread."""
    data = await run_async(sync_to_async(_data)(action, target, template, context))
    return await apublish(to, EVENT, data, key=key, ephemeral=ephemeral, exclude=exclude)


def html_publication(
    to: Recipient | Iterable[Recipient],
    action: str,
    target: str | None = None,
    template: str | Sequence[str] | None = None,
    context: Mapping[str, Any] | None = None,
) -> Publication:
    """Return what ``publish_html`` publishes, to publish several together by ``publish_many``.

    The arguments and what is raised are those of ``publish_html``.
    """
    return Publication(to, EVENT, _data(action, target, template, context))


def _data(
    action: str,
    target: str | None,
    template: str | Sequence[str] | None,
    context: Mapping[str, Any] | None,
) -> dict[str, str]:
    if action not in WITH_HTML and action not in WITHOUT:
        actions = ", ".join((*WITH_HTML, *WITHOUT))
        raise ValueError(f"The action is one of {actions}, not {action!r}.")
    if action == "refresh":
        if target is not None:
            raise ValueError("refresh has no target: each page knows its own part.")
    elif not isinstance(target, str) or not target or any(map(str.isspace, target)):
        raise ValueError(f"The target of {action} is an element's id, not {target!r}.")
    if (template is None) == (action in WITH_HTML):
        needs = "needs a template" if template is None else "takes no template"
        raise ValueError(f"The action {action} {needs}.")
    data = {"action": action}
    if target is not None:
        data["target"] = target
    if template is not None:
        data["html"] = rendered(template, context)
    return data

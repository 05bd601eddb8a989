"""Publishes HTML that a template makes once, for all pages that follow a stream."""

from realtime.contrib.html.publishing import apublish_html, html_publication, publish_html

__all__ = ["apublish_html", "html_publication", "publish_html"]

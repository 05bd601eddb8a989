"""The app: it has the page's element as static files, and a template tag."""

from django.apps import AppConfig


class HtmlConfig(AppConfig):
    name = "realtime.contrib.html"
    label = "realtime_html"

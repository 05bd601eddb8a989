"""The windows of a browser: one for the tabs of each profile, one for each page without tabs."""

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

SIZE = (1000, 800)


class Windows:
    """Of the tabs of one window only the last one that was brought to the front is seen."""

    def __init__(self) -> None:
        self._contexts: dict[str, WebKit2.WebContext] = {}
        self._tabs: dict[str, Gtk.Notebook] = {}

    def context(self, profile: str) -> WebKit2.WebContext:
        """Return what the pages of a profile have in common, as their cookies."""
        if profile not in self._contexts:
            self._contexts[profile] = WebKit2.WebContext.new_ephemeral()
        return self._contexts[profile]

    def add(self, view: WebKit2.WebView, profile: str, kind: str) -> None:
        """Put a page into its profile's window as a "tab", or into a "window" of its own."""
        tabs = self._tabs_of(profile) if kind == "tab" else new_window()
        tabs.append_page(view)
        view.show()
        self.bring_to_front(view)

    def _tabs_of(self, profile: str) -> Gtk.Notebook:
        if profile not in self._tabs:
            tabs = self._tabs[profile] = new_window()
            tabs.connect("destroy", lambda _: self._tabs.pop(profile))
        return self._tabs[profile]

    def bring_to_front(self, view: WebKit2.WebView) -> None:
        """Show a page, which hides the other tabs of its window."""
        tabs = view.get_parent()
        tabs.set_current_page(tabs.page_num(view))

    def remove(self, view: WebKit2.WebView) -> None:
        """Take a page away, and with the last one its window."""
        tabs = view.get_parent()
        view.destroy()
        if not tabs.get_n_pages():
            tabs.get_toplevel().destroy()


def new_window() -> Gtk.Notebook:
    """Open a window without pages, and return what they go into."""
    window, tabs = Gtk.Window(), Gtk.Notebook()
    window.set_default_size(*SIZE)
    window.add(tabs)
    window.show_all()
    return tabs

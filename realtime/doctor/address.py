"""The public address: where a browser would connect to, and from which page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

PATH = "/realtime/"
"""Where ``{% realtime %}`` connects to, unless a template names another path."""

SCHEMES = {"http": ("http", "ws"), "ws": ("http", "ws"), "https": ("https", "wss")}
SCHEMES["wss"] = SCHEMES["https"]


@dataclass(frozen=True)
class Address:
    """A site's address, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_secure(self) -> bool:
        """Whether TLS begins at the browser."""
        return self.scheme == "https"

    @property
    def netloc(self) -> str:
        """The host as browsers write it, with the port where it isn't the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_secure else 80) else f"{name}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin of the site's own pages."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def socket_url(self) -> str:
        """The address of the socket."""
        return f"{SCHEMES[self.scheme][1]}://{self.netloc}{self.path}"


def read_address(text: str) -> Address:
    """Return the address in a text such as ``https://example.com``.

    A path other than ``/`` is that of the socket. Raises ``ValueError`` with a sentence.
    """
    url = urlsplit(text)
    if url.scheme not in SCHEMES or not url.hostname:
        raise ValueError(f"{text!r} is no address: write it as https://example.com.")
    scheme = SCHEMES[url.scheme][0]
    port = url.port or (443 if scheme == "https" else 80)
    return Address(scheme, url.hostname, port, PATH if url.path in ("", "/") else url.path)

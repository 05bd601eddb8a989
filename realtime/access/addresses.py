"""From which address a socket comes, as far as limits by address go."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from realtime.sockets.asgi import Scope

PREFIX_BITS = 64
"""Bits that the addresses of one customer share in IPv6 (RFC 6177): the rest they choose."""


def address_of(scope: Scope) -> str | None:
    """Return the peer's address, for IPv6 its network; None where it has none, as on a Unix socket.

    Behind a proxy it is the proxy's, unless the ASGI server takes it from the proxy's header.
    """
    host = (scope.get("client") or ("",))[0]
    return _network_of(host) if isinstance(host, str) else None


@lru_cache(1000)
def _network_of(host: str) -> str | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    free_bits = address.max_prefixlen - PREFIX_BITS
    return f"{IPv6Address(int(address) >> free_bits << free_bits)}/{PREFIX_BITS}"

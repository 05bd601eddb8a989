"""The addresses by which sockets are counted."""

import pytest

from realtime.access.addresses import address_of


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("203.0.113.7", 5000), "203.0.113.7"),
        (["203.0.113.7", 5000], "203.0.113.7"),
        (("::ffff:203.0.113.7", 5000), "203.0.113.7"),
        (("2001:db8:1:2:aaaa::1", 5000), "2001:db8:1:2::/64"),
        (("2001:0DB8:0001:0002::ffff", 5000), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5000), "fe80::/64"),
        (("::1", 5000), "::/64"),
    ],
)
def test_an_address_of_ipv6_is_its_network(client, address):
    assert address_of({"client": client}) == address


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"client": None},
        {"client": ()},
        {"client": ("", 0)},
        {"client": (None, None)},
        {"client": ("/run/asgi.sock", 0)},
        {"client": ("testclient", 50000)},
        {"client": ("unix:", None)},
    ],
)
def test_a_peer_on_a_unix_socket_has_none(scope):
    assert address_of(scope) is None

"""Which packets the slow line loses."""

from tests.processes.slow_line import SPARED, Losses

LAPTOP, SERVER = bytes([192, 0, 2, 2]), bytes([198, 51, 100, 2])


def packet(source: bytes, target: bytes, port: int, *, options: bytes = b"") -> bytes:
    """Return the beginning of an IPv4 packet of TCP between `port` of the laptop and the server."""
    header = bytes([0x45 + len(options) // 4]) + bytes(11) + source + target + options
    ports = [port.to_bytes(2, "big"), (80).to_bytes(2, "big")]
    return header + b"".join(ports if source == LAPTOP else reversed(ports))


def test_a_connection_that_has_lost_a_packet_is_spared_in_both_directions() -> None:
    losses = Losses(0.05, chance=lambda: 0.0)
    there, back = packet(LAPTOP, SERVER, 4000), packet(SERVER, LAPTOP, 4000)
    assert losses.takes(there, 10.0)
    assert not losses.takes(there, 10.1)
    assert not losses.takes(back, 10.0 + SPARED - 0.1)
    assert losses.takes(back, 10.0 + SPARED)


def test_another_connection_is_not() -> None:
    losses = Losses(0.05, chance=lambda: 0.0)
    assert losses.takes(packet(LAPTOP, SERVER, 4000), 10.0)
    assert losses.takes(packet(LAPTOP, SERVER, 4001), 10.0)


def test_ports_come_after_the_options_of_a_packet() -> None:
    losses = Losses(0.05, chance=lambda: 0.0)
    assert losses.takes(packet(LAPTOP, SERVER, 4000), 10.0)
    assert not losses.takes(packet(SERVER, LAPTOP, 4000, options=bytes(8)), 10.0)


def test_no_more_than_the_fraction_is_lost() -> None:
    chances = iter([0.04, 0.05, 0.5])
    losses = Losses(0.05, chance=lambda: next(chances))
    lost = [losses.takes(packet(LAPTOP, SERVER, port), 0.0) for port in (1, 2, 3)]
    assert lost == [True, False, False]

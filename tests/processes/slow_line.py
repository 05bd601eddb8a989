"""A line that delays packets and loses some: `python -m tests.processes.slow_line DELAY LOSS`.

What the kernel routes into the device `slow` comes out of it again DELAY seconds later, unless it
is lost, as the fraction LOSS of them is. netem does that too, in kernels that were built with it.

A connection that has lost a packet loses no other one for `SPARED` seconds. TCP doubles its wait
with each repetition that is lost too, so without this a line of 5 % would be silent for longer than
a heartbeat's timeout in one run of a few, and a test could say nothing of it.
"""

import asyncio
import fcntl
import os
import random
import struct
import sys
from collections.abc import Callable

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001  # both from linux/if_tun.h
MAX_PACKET = 65536  # bytes of a packet
# Seconds. TCP's wait rises to 2.8 s when a round trip jumps to one second.
SPARED = 5.0


def open_device(name: str) -> int:
    """Make the device and return its descriptor."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_NO_PI))
    return device


class Losses:
    """Decides which packets are lost: the fraction `loss`, but of a spared connection none."""

    def __init__(self, loss: float, chance: Callable[[], float] = random.random) -> None:
        self._loss = loss
        self._chance = chance
        self._lost_at: dict[frozenset[bytes], float] = {}

    def takes(self, packet: bytes, now: float) -> bool:
        """Tell whether a packet that comes at `now`, in seconds, is lost."""
        ends = connection(packet)
        spared = now - self._lost_at.get(ends, -SPARED) < SPARED
        if spared or self._chance() >= self._loss:
            return False
        self._lost_at[ends] = now
        return True


def connection(packet: bytes) -> frozenset[bytes]:
    """Return the two ends, address and port, of an IPv4 packet of TCP, whichever way it goes."""
    ports = 4 * (packet[0] & 15)
    source = packet[12:16] + packet[ports : ports + 2]
    target = packet[16:20] + packet[ports + 2 : ports + 4]
    return frozenset([source, target])


async def pass_on(delay: float, loss: float) -> None:
    """Pass packets on until the process is ended."""
    loop = asyncio.get_running_loop()
    device = open_device("slow")
    losses = Losses(loss)

    def take() -> None:
        packet = os.read(device, MAX_PACKET)
        if not losses.takes(packet, loop.time()):
            loop.call_later(delay, os.write, device, packet)

    loop.add_reader(device, take)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(pass_on(float(sys.argv[1]), float(sys.argv[2])))

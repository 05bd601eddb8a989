"""A line that delays packets and loses some: `python -m tests.processes.slow_line DELAY LOSS`.

What the kernel routes into the device `slow` comes out of it again DELAY seconds later, unless it
is lost, as the fraction LOSS of them is. netem does that too, in kernels that were built with it.
"""

import asyncio
import fcntl
import os
import random
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001  # both from linux/if_tun.h
MAX_PACKET = 65536  # bytes of a packet


def open_device(name: str) -> int:
    """Make the device and return its descriptor."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_NO_PI))
    return device


async def pass_on(delay: float, loss: float) -> None:
    """Pass packets on until the process is ended."""
    loop = asyncio.get_running_loop()
    device = open_device("slow")

    def take() -> None:
        packet = os.read(device, MAX_PACKET)
        if random.random() >= loss:
            loop.call_later(delay, os.write, device, packet)

    loop.add_reader(device, take)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(pass_on(float(sys.argv[1]), float(sys.argv[2])))

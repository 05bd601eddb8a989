"""Three hosts on one machine: a laptop, a router and a server, joined by two cables.

Each is a network namespace with a kernel's whole network stack of its own. They end with this
process, or with the last process that was started in one of them.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes.programs import lacking, program
from tests.processes.waiting import wait_until

CLONE_NEWNET = 0x40000000  # sched.h
SLOW_LINE = 100  # a routing table's number


class Host:
    """One network namespace; `address` is set as soon as it has a cable."""

    def __init__(self) -> None:
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            libc_call("unshare", CLONE_NEWNET)
            self._namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        except OSError as error:
            lacking(f"no network namespace can be made ({error})")
        finally:
            libc_call("setns", here, CLONE_NEWNET)
            os.close(here)
        self.address = ""
        self.run("ip", "link", "set", "lo", "up")

    @property
    def path(self) -> str:
        """The namespace's file, as `ip link set ... netns` takes it."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have what this thread opens or starts meanwhile belong to this host."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        libc_call("setns", self._namespace, CLONE_NEWNET)
        try:
            yield
        finally:
            libc_call("setns", here, CLONE_NEWNET)
            os.close(here)

    def run(self, name: str, *arguments: str, stdin: str | None = None) -> str:
        """Run one of the system's programs on this host and return its output; fail with it."""
        with self.entered():
            done = subprocess.run(
                [program(name), *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def close(self) -> None:
        """Close its namespace."""
        os.close(self._namespace)


class Network:
    """The three hosts. What the router does with the packets between the other two can be changed.

    The addresses are those of RFC 5737, which belong to nobody.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            lacking("network namespaces need root")
        self.laptop, self.router, self.server = Host(), Host(), Host()
        self._join(self.laptop, "to-laptop", "192.0.2")
        self._join(self.server, "to-server", "198.51.100")
        with self.router.entered():
            for name in ("ip_forward", "conf/all/forwarding"):
                Path(f"/proc/sys/net/ipv4/{name}").write_text("1")
            # Packets that come back from the slow line come from another side than their sender's.
            for rule in Path("/proc/sys/net/ipv4/conf").glob("*/rp_filter"):
                rule.write_text("0")
        self._generation = 1
        self._slow: subprocess.Popen[bytes] | None = None
        self.pass_all()

    def _join(self, host: Host, device: str, net: str) -> None:
        """Lay a cable from the router to `host`, whose own end of it is called eth0."""
        self.router.run(
            *("ip", "link", "add", device, "type", "veth"),
            *("peer", "name", "eth0", "netns", host.path),
        )
        self.router.run("ip", "address", "add", f"{net}.1/24", "dev", device)
        self.router.run("ip", "link", "set", device, "up")
        host.address = f"{net}.2"
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        self._link_up(host)

    def _link_up(self, host: Host) -> None:
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ip", "route", "replace", "default", "via", host.address[:-1] + "1")

    def wifi_off(self) -> None:
        """Take the laptop's own link down; its browser notices."""
        self.laptop.run("ip", "link", "set", "eth0", "down")

    def wifi_on(self) -> None:
        """Bring it back."""
        self._link_up(self.laptop)

    def misroute(self) -> None:
        """Send what goes to the laptop and to the server to a neighbour that doesn't exist."""
        self._route("via", "192.0.2.99", "via", "198.51.100.99")

    def route_right(self) -> None:
        """Mend that; both ends then go on with the connections that they have not given up."""
        for host in (self.laptop, self.server):
            self.router.run("ip", "route", "delete", f"{host.address}/32")

    def _route(self, *ways: str) -> None:
        self.router.run("ip", "route", "add", f"{self.laptop.address}/32", *ways[:2])
        self.router.run("ip", "route", "add", f"{self.server.address}/32", *ways[2:])

    def lose_all(self) -> None:
        """Pull the cable behind the router: it drops everything, silently."""
        self._forward("drop")

    def lose_from_server(self) -> None:
        """Drop what the server sends."""
        self._forward("iifname to-server drop")

    def lose_from_laptop(self) -> None:
        """Drop what the laptop sends."""
        self._forward("iifname to-laptop drop")

    def pass_all(self) -> None:
        """Let all packets pass."""
        self._forward()

    def forget(self) -> None:
        """Let packets pass, but drop those of all connections so far."""
        self._generation += 1
        self._forward()

    def _forward(self, *rules: str) -> None:
        # A connection is marked with the generation in which its first packet passed.
        lines = [
            *rules,
            f"ct state new ct mark set {self._generation}",
            f"ct mark != {self._generation} drop",
        ]
        chain = "add chain ip path forward { type filter hook forward priority 0; }"
        table = ["add table ip path", "delete table ip path", "add table ip path", chain]
        table += [f"add rule ip path forward {line}" for line in lines]
        self.router.run("nft", "-f", "-", stdin="\n".join(table))

    def slow_down(self, *, delay: float, loss: float) -> None:
        """Have packets take `delay` seconds more, and lose the fraction `loss` (0 to 1) of them."""
        command = [sys.executable, "-m", "tests.processes.slow_line", str(delay), str(loss)]
        with self.router.entered():
            self._slow = subprocess.Popen(
                [program("setpriv"), "--pdeathsig", "KILL", "--", *command]
            )
        wait_until(lambda: "slow" in self.router.run("ip", "link"), 5, "the slow line is there")
        self.router.run("ip", "link", "set", "slow", "up")
        self.router.run("ip", "route", "add", "default", "dev", "slow", "table", str(SLOW_LINE))
        for device in ("to-laptop", "to-server"):
            self.router.run("ip", "rule", "add", "iif", device, "lookup", str(SLOW_LINE))

    def speed_up(self) -> None:
        """End that."""
        if not self._slow:
            return
        for device in ("to-laptop", "to-server"):
            self.router.run("ip", "rule", "delete", "iif", device)
        self._slow.kill()
        self._slow.wait()
        self._slow = None

    def close(self) -> None:
        """Close all hosts."""
        self.speed_up()
        for host in (self.laptop, self.router, self.server):
            host.close()


def libc_call(name: str, *arguments: int) -> None:
    """Call `setns` or `unshare`, which `os` has only from Python 3.12 on."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

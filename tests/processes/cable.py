"""Cut the path to a TCP port as a pulled cable does: every packet is lost, silently."""

import os
import subprocess

from tests.processes.programs import lacking, program
from tests.processes.waiting import wait_until


class Cable:
    """Loses the packets of the ports that were cut, until they are healed or it is closed.

    Packets are dropped where they arrive, so that their sender sees no error. The firewall's table
    belongs to the `nft` process that made it: the kernel removes it when that ends.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            lacking("cutting a path needs root")
        self._table = f"inet cut_{os.getpid()}"
        self._nft = subprocess.Popen(
            [program("setpriv"), "--pdeathsig", "KILL", "--", program("nft"), "--interactive"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._run(f"add table {self._table} {{ flags owner; }}")
        self._run(f"add set {self._table} ports {{ type inet_service; }}")
        self._run(f"add chain {self._table} arriving {{ type filter hook input priority 0; }}")
        self._run(f"add rule {self._table} arriving tcp dport @ports drop")
        self._run(f"add rule {self._table} arriving tcp sport @ports drop")
        try:
            wait_until(lambda: "sport @ports drop" in self._listing(), 5, "nft made its table")
        except AssertionError:
            self.close()
            lacking("nft cannot change this machine's firewall")

    def cut(self, port: int) -> None:
        """Lose all packets from and to the TCP port `port`, a server's or a client's."""
        self._run(f"add element {self._table} ports {{ {port} }}")
        wait_until(lambda: self._holds(port), 5, f"the path of port {port} is cut")

    def heal(self, port: int) -> None:
        """Let the packets of `port` through again; TCP then repeats what was lost, in its time."""
        self._run(f"delete element {self._table} ports {{ {port} }}")
        wait_until(lambda: not self._holds(port), 5, f"the path of port {port} is healed")

    def close(self) -> None:
        """Heal everything."""
        self._nft.kill()
        self._nft.wait()

    def _run(self, command: str) -> None:
        assert self._nft.stdin
        self._nft.stdin.write(command + "\n")
        self._nft.stdin.flush()

    def _listing(self) -> str:
        command = [program("nft"), "list", "table", *self._table.split()]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def _holds(self, port: int) -> bool:
        return str(port) in self._listing().replace(",", " ").split()

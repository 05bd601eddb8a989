"""Several Redis servers that work together: a cluster, or a master with its Sentinel."""

from pathlib import Path

import redis

from tests.processes.process import Process, free_port
from tests.processes.programs import program
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import wait_until

SLOTS = 16384
FAILS_AFTER = 500  # milliseconds


class Sentinel(Process):
    """A Redis Sentinel that watches `master`, which it calls `main`, and decides alone."""

    name = "redis-sentinel"

    def __init__(self, directory: Path, master: RedisServer, port: int) -> None:
        config = directory / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor main 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds main {FAILS_AFTER}\n"
            "sentinel failover-timeout main 5000\n"
        )
        command = [program("redis-server"), str(config), "--sentinel"]
        super().__init__(command, directory / "sentinel.log", port)

    def knows_a_replica(self) -> bool:
        """Tell whether it has found a replica, to which it can go."""
        with redis.Redis(port=self.port, decode_responses=True) as client:
            replicas = client.sentinel_slaves("main")
        return any(one["master-link-status"] == "ok" for one in replicas)


class RedisCluster:
    """A Redis Cluster of three nodes that write, without replicas."""

    def __init__(self, directory: Path) -> None:
        self.nodes: list[RedisServer] = []
        self._buses: list[int] = []
        for number in range(3):
            place = directory / str(number)
            place.mkdir()
            options = {"cluster_enabled": "yes", "cluster_node_timeout": 2000}
            bus = free_port()
            self.nodes.append(RedisServer(place, **options, cluster_port=bus))
            self._buses.append(bus)

    @property
    def url(self) -> str:
        """The address of one node."""
        return self.nodes[0].url

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        for node in self.nodes:
            node.start()
        clients = [redis.Redis(port=node.port) for node in self.nodes]
        for number, client in enumerate(clients):
            begin, end = (SLOTS * n // len(clients) for n in (number, number + 1))
            client.execute_command("CLUSTER ADDSLOTSRANGE", begin, end - 1)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node, bus in zip(self.nodes, self._buses, strict=True):
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", node.port, bus)
        wait_until(lambda: all(map(_knows_all, clients)), 20, "the cluster is up")
        for client in clients:
            client.close()

    def flush(self) -> None:
        """Remove all keys."""
        for node in self.nodes:
            with redis.Redis(port=node.port) as client:
                client.flushall()

    def move_slot(self, key: str) -> None:
        """Hand the slot of a key to another node, with all of its keys."""
        with redis.RedisCluster.from_url(self.url) as client:
            slot, node = client.keyslot(key), client.get_node_from_key(key)
        old = next(one for one in self.nodes if one.port == node.port)
        new = next(one for one in self.nodes if one.port != node.port)
        source, target = (redis.Redis(port=one.port) for one in (old, new))
        ids = [client.execute_command("CLUSTER MYID").decode() for client in (source, target)]
        target.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
        source.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
        if keys := source.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000):
            source.migrate("127.0.0.1", new.port, keys, 0, 5000)
        for client in (target, source):
            client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[1])
            client.close()

    def kill(self) -> None:
        """End it."""
        for node in self.nodes:
            node.kill()


def _knows_all(client: redis.Redis) -> bool:
    info = client.cluster("info")
    return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "3"

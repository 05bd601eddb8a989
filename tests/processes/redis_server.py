"""A Redis of the test's own, which can be stopped, frozen and started again on the same port."""

from pathlib import Path

from tests.processes.process import Process, free_port
from tests.processes.programs import program


class RedisServer(Process):
    """A redis-server that keeps nothing on disk: started again, it is empty.

    `more` has options besides those that each has, such as `tls_port`.
    """

    name = "redis-server"

    def __init__(self, directory: Path, **more: object) -> None:
        port = free_port()
        options = {"port": port, "bind": "127.0.0.1", "save": "", "dir": directory, **more}
        command = [program("redis-server")]
        for option, value in options.items():
            command += [f"--{option.replace('_', '-')}", str(value)]
        super().__init__(command, directory / "redis.log", port)
        self.url = f"redis://127.0.0.1:{port}/0"

    def restart(self) -> None:
        """Stop it and start it again on the same port."""
        self.stop()
        self.start()

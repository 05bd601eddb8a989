"""Proxies for tests to set up wrongly or rightly: nginx, HAProxy, PgBouncer, one that holds."""

import asyncio
import contextlib
import datetime
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes.process import PROJECT, Process, free_port
from tests.processes.programs import program

HOST = "127.0.0.1"
MODULES = PROJECT / "realtime/static/realtime"
TYPES = "types { text/javascript js; }"

UPGRADE = """
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
"""
FORWARDED = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that nobody else has signed."""

    path: Path
    """Certificate and key, as HAProxy takes them."""

    @classmethod
    def make(cls, directory: Path) -> "Certificate":
        """Make one that is good for 30 days."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "doctor")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = directory / "certificate.pem"
        path.write_bytes(certificate.public_bytes(pem) + private)
        return cls(path)


class Nginx(Process):
    """One nginx with several servers, which proxy to `upstream`, a port, and serve the modules.

    `directives` has those of each server by its name, `ports` its port. A server whose name begins
    with "tls" has TLS and HTTP/2.
    """

    name = "nginx"

    def __init__(
        self, directory: Path, upstream: int, directives: dict[str, str], certificate: Certificate
    ) -> None:
        self.ports = {name: free_port() for name in directives}
        servers = []
        for name, own in directives.items():
            listen, tls = f"{HOST}:{self.ports[name]}", ""
            if name.startswith("tls"):
                listen += " ssl http2"
                tls = f"ssl_certificate {certificate.path}; ssl_certificate_key {certificate.path};"
            servers.append(
                f"server {{ listen {listen}; {tls} {own}"
                f" location / {{ proxy_pass http://{HOST}:{upstream}; }}"
                f" location /static/realtime/ {{ alias {MODULES}/; }} }}"
            )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
        config = directory / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; worker_processes 1; pid {directory}/nginx.pid;"
            f" error_log stderr; events {{}} http {{ access_log off; {temporary} {TYPES}"
            f" {' '.join(servers)} }}"
        )
        command = [program("nginx"), "-c", str(config), "-e", "stderr", "-p", str(directory)]
        super().__init__(command, directory / "nginx.log", next(iter(self.ports.values())))


class HAProxy(Process):
    """One HAProxy with a frontend for each of the `timeouts`, lines of its `defaults` section.

    Names that begin with "tls" have TLS, HTTP/2 and with it WebSockets in HTTP/2.
    """

    name = "haproxy"

    def __init__(
        self, directory: Path, upstream: int, timeouts: dict[str, str], certificate: Certificate
    ) -> None:
        self.ports = {name: free_port() for name in timeouts}
        sections = ["global", "  maxconn 100"]
        for name, lines in timeouts.items():
            bind, scheme = f"{HOST}:{self.ports[name]}", "http"
            if name.startswith("tls"):
                bind += f" ssl crt {certificate.path} alpn h2,http/1.1"
                scheme = "https"
            sections += [
                f"defaults {name}",
                "  mode http",
                "  timeout connect 5s",
                *(f"  {line.strip()}" for line in lines.splitlines()),
                f"listen {name}",
                f"  bind {bind}",
                f"  http-request set-header X-Forwarded-Proto {scheme}",
                f"  server site {HOST}:{upstream}",
            ]
        config = directory / "haproxy.cfg"
        config.write_text("\n".join([*sections, ""]))
        command = [program("haproxy"), "-db", "-f", str(config)]
        super().__init__(command, directory / "haproxy.log", next(iter(self.ports.values())))


class PgBouncer(Process):
    """A pooler of PostgreSQL's connections, in one of its pool modes."""

    name = "pgbouncer"

    def __init__(self, directory: Path, database_url: str, mode: str) -> None:
        self.port = port = free_port()
        cluster, _, database = database_url.rpartition("/")
        server = cluster.rpartition(":")[2]
        config = directory / f"{mode}.ini"
        config.write_text(
            f"[databases]\n{database} = host={HOST} port={server} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\nauth_type = any\n"
            f"pool_mode = {mode}\nunix_socket_dir =\nlogfile = {directory}/{mode}.own.log\n"
        )
        directory.chmod(0o777)
        self.url = f"postgres://postgres@{HOST}:{port}/{database}"
        command = [program("pgbouncer"), str(config)]
        user = "postgres" if os.geteuid() == 0 else None  # It refuses to run as root.
        super().__init__(command, directory / f"{mode}.log", port, user=user)


@contextlib.contextmanager
def holding_proxy(upstream: int, seconds: float) -> Iterator[int]:
    """Serve a proxy for TCP that hands frames of the server on only every so many seconds."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = bytearray()

        async def flush() -> None:
            while True:
                await asyncio.sleep(seconds)
                writer.write(bytes(held))
                held.clear()

        flushing = asyncio.create_task(flush())
        is_socket = None
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if is_socket is None:
                    is_socket = data.startswith(b"HTTP/1.1 101")
                if is_socket:
                    held += data
                else:
                    writer.write(data)
        flushing.cancel()
        writer.write(bytes(held))
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(HOST, upstream)
        holding = asyncio.create_task(hold(from_server, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                to_server.write(data)
        to_server.close()
        await holding

    async def serve() -> int:
        server = await asyncio.start_server(relay, HOST, 0)
        return int(server.sockets[0].getsockname()[1])

    try:
        yield asyncio.run_coroutine_threadsafe(serve(), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

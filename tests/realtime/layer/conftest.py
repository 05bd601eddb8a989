import pytest
import redis

from tests.processes.process import free_port
from tests.processes.proxies import Certificate
from tests.processes.redis_server import RedisServer
from tests.realtime.layer.broker import Broker


@pytest.fixture
def broker(settings):
    broker = Broker()
    settings.CHANNEL_LAYERS = broker.settings
    return broker


@pytest.fixture
def guarded_redis(tmp_path):
    """A Redis with a user, a Unix socket and TLS."""
    certificate = Certificate.make(tmp_path)
    files = dict.fromkeys(["tls_cert_file", "tls_key_file", "tls_ca_cert_file"], certificate.path)
    tls = {"tls_port": free_port(), "tls_auth_clients": "no", **files}
    server = RedisServer(tmp_path, unixsocket=tmp_path / "redis.sock", **tls)
    server.start()
    admin = redis.Redis.from_url(server.url)
    admin.acl_setuser("layer", True, passwords=["+pass"], categories=["+@all"], channels=["*"])
    admin.acl_setuser("mute", True, passwords=["+pass"], categories=["+@all", "-@pubsub"])
    server.hosts = {
        "user, password and database": f"redis://layer:pass@127.0.0.1:{server.port}/3",
        "unix": f"unix://{tmp_path}/redis.sock?db=2",
        "TLS": {
            "address": f"rediss://layer:pass@127.0.0.1:{tls['tls_port']}/1",
            "ssl_ca_certs": str(certificate.path),
        },
        "host and port": ("127.0.0.1", server.port),
        "mute": f"redis://mute:pass@127.0.0.1:{server.port}",
        "wrong": f"redis://layer:wrong@127.0.0.1:{server.port}",
    }
    yield server
    server.kill()

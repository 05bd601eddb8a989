"""What a process has of a signed-in socket."""

import uuid
from types import SimpleNamespace

from realtime.access.login import Login
from realtime.access.user_sockets import user_sockets


class OpenSocket:
    """A socket in the register.

    ``end`` is the code with which it was closed, or the wait after which it may come back.
    """

    def __init__(self, pk, session_key=None, **login):
        self.id = uuid.uuid4().hex[:12]
        self.login = Login(SimpleNamespace(pk=pk), session_key, **login)
        self.end = None
        self.reason = None
        user_sockets().add(self)

    def close(self, code, reason=""):
        if self.end is None:
            self.end, self.reason = int(code), reason
            user_sockets().remove(self)

    def drain(self, after):
        self.end = self.end or ("drained", after)

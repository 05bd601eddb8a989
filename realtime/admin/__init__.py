"""Django's admin pages: what is published, what becomes of it, and who is connected now.

They are to look at. What they change is two actions, each with a permission of Django's: who may
delete a stream's head may erase the stream, and who may delete a recorded socket may disconnect it.
"""

from realtime.admin.events import EventAdmin
from realtime.admin.sockets import SocketAdmin
from realtime.admin.streams import StreamAdmin

__all__ = ["EventAdmin", "SocketAdmin", "StreamAdmin"]

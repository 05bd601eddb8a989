"""The edge: the stores of sessions and users, which say what a test has them say."""

import asyncio


class Stores:
    """The stores: ``outcomes`` by session key, and how they are asked."""

    def __init__(self):
        self.outcomes = {}
        self.reads = []
        self.seconds = 0.0
        self.error = None

    async def verify(self, logins):
        self.reads.append([login.session_key for login in logins])
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return [self.outcomes.get(login.session_key, login.user) for login in logins]

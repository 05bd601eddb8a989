"""What the company refuses, with Twilio's codes (https://www.twilio.com/docs/api/errors)."""

from typing import Any

NOT_FOUND = 20404
NOT_IN_PROGRESS = 21220
WRONG_TO = 21211


class RestError(Exception):
    """A request that isn't carried out: the status of the answer, and a code of Twilio's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message, "status": status}

    @classmethod
    def missing(cls, what: str) -> "RestError":
        """Return the error for a resource that isn't there."""
        return cls(404, NOT_FOUND, f"The requested resource {what} was not found")

"""The sessions of this project's clients."""


def session_key(user: int) -> str:
    """Return the session key of the user with this primary key."""
    return f"benchmark{user:06d}"

"""The sessions that clients of this project log in with."""


def session_key(user: int) -> str:
    """Return the key of the session of a user, by primary key."""
    return f"benchmark{user:06d}"

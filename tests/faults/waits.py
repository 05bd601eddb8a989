"""Seconds that the storm's servers take for rights and presence, far less than by default."""

RECHECK = 4.0
REAUTHORIZE = 6.5
JITTER = 1.2
"""By this part, a check may come later."""
LEASE = 4.0
GRACE = 3.0
"""In which a user who has left may come back and was never gone."""

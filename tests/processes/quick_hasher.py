"""A quick hash for passwords: with Django's own each login takes half a second of work."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own with one round in place of a million; each reads what the other has written."""

    iterations = 1

"""Asking the phone company when in doubt."""

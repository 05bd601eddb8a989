"""Measures from outside, over the public address, as a browser would."""

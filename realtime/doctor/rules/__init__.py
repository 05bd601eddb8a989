"""Judges measured facts: pure functions from a fact to findings."""

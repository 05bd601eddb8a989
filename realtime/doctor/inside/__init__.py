"""Measures from inside the project: its settings, its Redis, its database, its files."""

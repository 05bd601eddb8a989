"""Compares this project with its peers in one run on one machine; see docs/performance.md."""

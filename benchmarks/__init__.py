"""This project and its peers, side by side, in one run on one machine; see docs/performance.md."""

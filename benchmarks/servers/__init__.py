"""One server for each peer, written as its own documentation shows."""

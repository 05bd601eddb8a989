"""One publisher for each peer: its own process, which publishes each line of its input."""

"""One publisher for each peer: a process of its own, which publishes each line that it is sent."""

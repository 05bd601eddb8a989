"""The clients: many sockets in one process, so light that the server remains the bottleneck."""

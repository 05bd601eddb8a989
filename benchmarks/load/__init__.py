"""The clients: many sockets in one process, light enough not to be what is measured."""

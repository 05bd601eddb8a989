from realtime.testing.fixtures import published

__all__ = ["published"]

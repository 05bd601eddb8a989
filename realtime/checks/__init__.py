"""System checks: what is wrong with a project's settings, said before it is deployed."""

from realtime.checks import backends, channel_layer, databases, setting, site

__all__ = ["backends", "channel_layer", "databases", "setting", "site"]

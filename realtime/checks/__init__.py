"""System checks: what is wrong with a project's settings, said before it is deployed."""

from realtime.checks import channel_layer, databases, setting, site

__all__ = ["channel_layer", "databases", "setting", "site"]

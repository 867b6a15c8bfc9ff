"""Settings, addresses, and the commands that serve Parley."""

__version__ = "0.1.0"

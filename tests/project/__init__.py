"""The commands, the start of the server, and what gets installed."""

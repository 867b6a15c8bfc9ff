"""One server process: sockets, streams, health, and everything that lives as long as it does."""

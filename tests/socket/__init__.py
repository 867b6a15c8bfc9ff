"""The socket protocol as a black box, over every combination of server, database and channel layer."""

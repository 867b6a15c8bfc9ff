"""Between processes: what they send one another, and how it gets onto the channel layer."""

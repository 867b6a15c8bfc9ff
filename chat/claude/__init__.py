"""Claude in the room: running replies, what Claude sees, and the one place that talks to Anthropic."""

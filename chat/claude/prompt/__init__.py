"""What is sent for a reply: the context, the system prompt, and the turns that tools add."""

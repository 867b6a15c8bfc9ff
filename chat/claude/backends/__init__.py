"""What a reply calls: the Messages API of Anthropic, or the demo model in its place."""

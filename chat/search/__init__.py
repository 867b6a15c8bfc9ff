"""Full-text search: the folding, the index and what fills it, and queries."""

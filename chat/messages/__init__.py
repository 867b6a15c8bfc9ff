"""Use cases of messages and Claude's replies as rows: posting, changes, drafts, reading, history."""

"""A chat as the Channels tutorial builds it: a project of its own, which knows nothing of Parley."""

"""Use cases of rooms and their members: who may come in, who is in, how a room ends."""

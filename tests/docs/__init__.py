"""The documents name everything there is, and nothing that is not."""

"""A crowd of tabs that posts, asks Claude, is cut off and comes back, and a ledger of what each of them was told."""

"""A room as Claude reads it: rows, lines, turns, and how many tokens they take."""

"""Parley's pages in a real browser: what the case `browser` needs to fill a room, drive Chromium and read its trace."""

"""Replies while they are written: turns, leases, streaming, deltas, summaries."""

"""Uvicorn's protocol for this program: frames as text, back-pressure, bounded unfinished frames."""

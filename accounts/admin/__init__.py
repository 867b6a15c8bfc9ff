"""The administration of people and their ways in."""

from accounts.admin import site, tokens, users, ways_in

__all__ = ["site", "tokens", "users", "ways_in"]

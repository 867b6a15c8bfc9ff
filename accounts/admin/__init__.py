"""The administration of people and their ways in."""

from accounts.admin import addresses, groups, site, tokens, users, ways_in

__all__ = ["addresses", "groups", "site", "tokens", "users", "ways_in"]

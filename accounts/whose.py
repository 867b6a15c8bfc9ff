"""Whose account is meant by what a person types to sign in: one at most, so that there is one password to compare."""

import unicodedata
from typing import Final

from allauth.account.internal.userkit import filter_users_by_email
from django.contrib.auth.base_user import AbstractBaseUser

from accounts.models import User

# An unconfirmed address may have been given by several people. Each of them is written to, up to here.
_MAILS_AT_MOST: Final = 5


def account_for(login: str) -> User | None:
    """Return the account with this user name or address."""
    if "@" in login:  # no user name has one
        return next(iter(accounts_with(login)), None)
    return User.objects.filter(username=login.strip().lower()).first()


def accounts_with(address: str) -> list[User]:
    """Return the accounts with an address, the one to sign in by it first: whose it is confirmed, else the oldest."""
    found: list[AbstractBaseUser] = filter_users_by_email(address.strip(), prefer_verified=True, for_login=True)
    users = [user for user in found if isinstance(user, User)]
    return sorted(users, key=lambda user: (not user.is_active, user.pk))[:_MAILS_AT_MOST]


def counted_as(login: str) -> str:
    """Return the key under which failures of this login count: one for an account, however it is named or written."""
    account = account_for(login)
    if account is not None:
        return account_key(account)
    return f"unknown:{unicodedata.normalize('NFKC', login).strip().casefold()}"


def account_key(account: User) -> str:
    return f"account:{account.pk}"

"""The user that Claude writes as. No one can sign in as it: it has no usable password and no address."""

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.names import CLAUDE


def account() -> User:
    """Return Claude's user, made when it is first needed."""
    defaults = {"display_name": "Claude", "password": make_password(None)}
    return User.objects.get_or_create(username=CLAUDE, defaults=defaults)[0]
